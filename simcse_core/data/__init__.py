"""Texts and tables: reading files, the kinds of data, what is bundled, splitting."""

"""Vectors to meaning: similarity, evaluation, projection."""

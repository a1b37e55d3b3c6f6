"""Races and their runs on the screen, wherever they are shown: words, progress, curves, the chain of trainings."""

"""Embeddings to meaning: similarity, evaluation, projection."""

"""Texts to vectors: the models, pooling, batching, the catalogue, loading and saving."""

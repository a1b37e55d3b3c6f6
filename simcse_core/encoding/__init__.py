"""Texts to embeddings: the models, pooling, batching, the catalogue, loading and saving."""

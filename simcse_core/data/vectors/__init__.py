"""Embeddings of one's own: a NumPy file, or a Parquet table with a column of vectors."""

from simcse_core.data.vectors.reading import VECTOR_ENDINGS, Vectors, read_vectors

__all__ = ["VECTOR_ENDINGS", "Vectors", "read_vectors"]

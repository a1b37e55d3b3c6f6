"""The page Similarity: a heatmap of sentences, and what can be asked about it."""

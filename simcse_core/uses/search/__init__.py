"""Search: an index over texts, BM25 beside it, both together, duplicates, and hard negatives."""

"""The page Search: which texts of a corpus answer a query, by meaning and by words."""

"""The page Classify: which class each text belongs to, and how sure that is."""

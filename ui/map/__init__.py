"""The page Map: texts as points."""

"""The page Runs: what was trained, compared, taken away, removed."""

"""The page Runs: listing, comparing, exporting and deleting trained models."""

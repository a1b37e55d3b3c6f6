"""The page Losses: points on a circle under each loss."""

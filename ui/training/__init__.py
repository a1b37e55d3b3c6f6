"""The page Training: a race of losses, from its data to its result."""

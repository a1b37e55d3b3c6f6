"""Two models over the same texts in one frame: what moved, and which neighbours came and went."""

"""Data to learning: losses, batches, the training loop."""

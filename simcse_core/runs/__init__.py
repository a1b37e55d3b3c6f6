"""Learning to runs: the run store, the queue, the worker."""

"""One call each for scripts and notebooks: train, race, evaluate, compare."""

"""A threshold on scores: dragged on two histograms, with the counts, shares and costs that follow from it at once."""

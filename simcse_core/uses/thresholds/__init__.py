"""Where to draw the line between yes and no: what each threshold costs, and what a score is worth as a probability.

- `curve`: precision, recall and counts over all thresholds; the cheapest one; intervals at one
- `calibration`: scores to probabilities (Platt, isotonic), measured on rows that the calibration has not seen
- `after_training`: how scores moved, what the old threshold does now, and what was forgotten

All take arrays, whatever the scores are of: pairs, search results, classes, answers.
"""

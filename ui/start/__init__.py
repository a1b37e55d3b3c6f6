"""The page Start: two sentences as arrows, the heatmap beside them, and eight questions."""

"""Large cosine matrices on a canvas."""

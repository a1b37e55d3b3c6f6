"""The honesty of a map: other seeds, other settings, noise, and what is misread, each on the texts of the page."""

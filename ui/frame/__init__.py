"""The frame of every page: navigation, address, language, users, the projector, waiting; and what serves it."""

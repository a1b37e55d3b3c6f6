"""The view Label my own."""

from ui.frame.stage import Stage


def show(places: Stage) -> None:
    """All of it."""

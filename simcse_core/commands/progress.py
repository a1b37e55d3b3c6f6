"""Progress on stderr, as commands show it; `api.progress` draws it."""

from simcse_core.api.progress import WaitingLine, download_bar, in_words, texts_bar

__all__ = ["WaitingLine", "download_bar", "in_words", "texts_bar"]

"""What Streamlit and Plotly say on their own, in English only: here it speaks the language of the page."""

from typing import Any

from ui.frame import translation
from ui.frame.translation import N_, _

_STREAMLIT = (
    N_("Skip to main content"),
    N_("Drag and drop a file here"),
    N_("Drag and drop files here"),
    N_("Upload"),
    N_("Add files"),
    N_("per file"),
    N_("No results"),
    N_("No options"),
    N_("Select all"),
    N_("Clear all"),
    N_("Clear value"),
    N_("Selected values"),
    N_("Open"),
    N_("Close"),
    N_("Copy"),
    N_("Search"),
    N_("Empty"),
    N_("Fullscreen"),
    N_("Close fullscreen"),
    N_("Download as CSV"),
    N_("Show/hide columns"),
    N_("Increment"),
    N_("Decrement"),
    N_("Invalid input."),
    N_("Number is below the allowed range."),
    N_("Number is above the allowed range."),
    N_("Press Enter to apply"),
    N_("Press Enter to submit form"),
    N_("Copy to clipboard"),
    N_("Copied"),
    N_("Download failed"),
    N_("Running..."),
    N_("Connecting"),
    N_("Try again"),
)
_PLOTLY = (
    N_("Double-click to zoom back out"),
    N_("Double-click on legend to isolate one trace"),
    N_("Click to enter Plot title"),
    N_("trace"),
)


def lines() -> dict[str, str]:
    """Streamlit's English -> the line of this session's language; empty in English."""
    return {} if translation.language() == "en" else {word: _(word) for word in _STREAMLIT}


def plotly_config() -> dict[str, Any]:
    """The part of Plotly's `config` that makes it speak the language of this session."""
    code = translation.language().replace("_", "-")
    if code == "en":
        return {}
    return {"locale": code, "locales": {code: {"dictionary": {word: _(word) for word in _PLOTLY}, "format": {}}}}

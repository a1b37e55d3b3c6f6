"""Moments as the clock shows them where the browser is."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from simcse_core.learning.records import LATEST


def local_time(seconds: float) -> datetime | None:
    """A moment since the epoch as the clock shows it where the browser is; None for a moment that is not known."""
    try:
        zone = ZoneInfo(st.context.timezone or "UTC")
    except (KeyError, ValueError):
        zone = ZoneInfo("UTC")
    is_valid = 0 < seconds < LATEST  # whatever a damaged file says, NaN too
    return datetime.fromtimestamp(seconds, zone).replace(tzinfo=None) if is_valid else None

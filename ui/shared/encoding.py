"""Encoding as a page shows it: with progress, and a button that stops it."""

import hashlib
import time
from typing import TYPE_CHECKING

import streamlit as st

from ui.frame import waiting
from ui.frame.translation import _
from ui.shared import cache, work
from ui.shared.cache import EncoderSettings

if TYPE_CHECKING:
    from simcse_core.encoding.texts import Embeddings


def encode(texts: tuple[str, ...], settings: EncoderSettings, key: str = "") -> "Embeddings | None":
    """(N, D) embeddings, with progress and a button that stops; None once it was used.

    Args:
        texts: N texts.
        settings: of the encoder.
        key: tells the texts from all others; "" makes one from them.
    """
    content = hashlib.sha256(repr((key or texts, settings)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    if work.is_stopped(content, _("Reading the texts")):
        return None
    with waiting.progress_bar(_("Reading the texts")) as report:
        place, begun = st.empty(), time.monotonic()

        def show(done: int, total: int) -> None:
            if done < total and time.monotonic() - begun > waiting.BAR_AFTER_SECONDS and not drawn:
                drawn.append(True)
                place.button(
                    _("Cancel"), icon=":material/close:", key=f"stop-{content}", on_click=work.stop, args=(content,)
                )
            report(done, total)

        drawn: list[bool] = []
        rows = cache.embeddings(texts, settings, show)
        place.empty()
    return rows

"""Which two of eight sentences are compared, and what is typed into them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import streamlit as st

from simcse_core.limits import check_texts, limits
from simcse_core.meaning.similarity import Matrix, cosine_similarity
from ui.frame import address
from ui.frame.translation import _
from ui.shared import cache, inputs
from ui.shared.stored import StoredHeatmap
from ui.shared.typing_area import reset, text_of, typing_area

COUNT = 8
PAIRS = [f"{first}-{second}" for first, second in permutations(range(1, COUNT + 1), 2)]
"""In the address: the numbers of two different sentences."""
FIRST = "1-3"
_PAIR = "arrows"
_SHOWN = "start-shown"


@dataclass(frozen=True)
class Shown:
    """What arrows and heatmap show."""

    texts: tuple[str, ...]
    """(COUNT,)."""
    similarity: Matrix
    """(COUNT, COUNT) their cosines."""
    pair: tuple[int, int]
    """The two whose arrows are drawn."""
    unrelated: float
    """The median cosine of unrelated sentences."""
    is_waiting: bool = False
    """Whether something else was typed, which the model cannot read before it has loaded."""


def pair() -> tuple[int, int]:
    """The positions of the two sentences that are edited."""
    name = address.remembered(_PAIR, PAIRS, FIRST)
    address.write(_PAIR, None if name == FIRST else name)
    first, second = name.split("-")
    return int(first) - 1, int(second) - 1


def pick(name: str) -> None:
    """Edit two other sentences from the next run of the page on: "1-3"; what is no pair changes nothing."""
    if name in PAIRS:
        address.put(_PAIR, name)


def edit(samples: Sequence[str], pair: tuple[int, int]) -> list[str]:
    """Fields for the two sentences, side by side.

    Args:
        samples: the sentences that nobody has changed yet.
        pair: those to be edited.

    Returns:
        All sentences; a field that was emptied counts as it was before.
    """
    for place, row in zip(st.columns(2, gap="small"), pair, strict=True):
        with place:
            typing_area(
                _("Sentence {n}").format(n=row + 1),
                default=samples[row],
                source="start",
                key=_key(row),
                is_query=True,
            )
    before: dict[int, str] = st.session_state.setdefault(_SHOWN, {})
    texts = []
    for row, sample in enumerate(samples):
        typed = " ".join(text_of(_key(row), sample).split())
        texts.append(typed or before.get(row, sample))
    before.update(enumerate(texts))
    return texts


def offer_samples(samples: Sequence[str], texts: Sequence[str]) -> None:
    """A button that brings the sample sentences back, once something else is there."""

    def bring_back() -> None:
        for row, sample in enumerate(samples):
            reset(_key(row), sample)
        st.session_state.pop(_SHOWN, None)

    if list(texts) != list(samples):
        st.button(_("Back to the sample"), icon=":material/restart_alt:", key="start-reset", on_click=bring_back)


def compared(look: StoredHeatmap, texts: Sequence[str], pair: tuple[int, int]) -> Shown:
    """The cosines of the sentences; the stored ones of the samples, also as long as the model is loading.

    Raises:
        UserError: a sentence is too long, or the model cannot be loaded.
    """
    stored = Shown(tuple(look.texts), look.matrix, pair, look.unrelated)
    if list(texts) == look.texts:
        return stored
    if not cache.is_loaded(look.model):
        return Shown(stored.texts, stored.similarity, pair, stored.unrelated, is_waiting=True)
    check_texts(texts, limits().max_heatmap_texts, "max_heatmap_texts")
    settings = cache.EncoderSettings(look.model)
    similarity = cosine_similarity(cache.embeddings(texts, settings))
    inputs.warn_about(list(texts), settings)
    return Shown(tuple(texts), similarity, pair, look.unrelated)


def _key(row: int) -> str:
    """Of the field of a sentence."""
    return f"start-{row + 1}"

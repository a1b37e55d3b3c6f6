"""Which words bring two texts closer: every word shaded by what the cosine loses without it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.meaning.attribution import LeaveOneOut, Word, leave_one_out, words_of
from simcse_core.uses.search.lexical import words as counted_words
from ui.frame.components import component
from ui.frame.translation import _
from ui.shared import cache
from ui.shared.turns import Results, tokens_in

_SCRIPT = Path(__file__).parent / "frontend" / "shaded_words" / "shaded_words.js"
LEAST_REACH = 0.05
"""The deepest shade stands for the largest effect, and never for one below this."""


@dataclass(frozen=True)
class WordsOfText:
    """A text with what is known of its words."""

    label: str
    text: str
    words: Sequence[Word]
    effects: NDArray[np.float32] | None = None
    """(W,); None where there are none to tell."""

    @classmethod
    def plain(cls, label: str, text: str) -> "WordsOfText":
        """A text of whose words no model says anything."""
        return cls(label, text, words_of(text))


def effects(
    first: str, second: str, settings: cache.EncoderSettings, second_settings: cache.EncoderSettings | None = None
) -> LeaveOneOut:
    """By how much the cosine of two texts falls without each word; kept for the next look at the same pair.

    Args:
        first, second: the texts.
        settings: of the encoder that reads both, or the first.
        second_settings: of the one that reads the second, where its prompt differs.

    Raises:
        InputError: a text has more words than the limit.
    """
    other = None if second_settings in (None, settings) else second_settings
    model = cache.encoder(settings)
    second_model = None if other is None else cache.encoder(other)
    tokens = len(first.split()) * tokens_in([first]) + len(second.split()) * tokens_in([second])
    return _results().get(
        (first, second, settings, other),
        tokens,
        lambda _turn: leave_one_out(model, first, second, second_model=second_model),
    )


@st.cache_resource(show_spinner=False)
def _results() -> Results[LeaveOneOut]:
    return Results(300, cache.turns())


def shaded(texts: Sequence[WordsOfText], *, common: Collection[str] = (), key: str) -> None:
    """Texts with their words shaded: purple brings them closer, orange keeps them apart; words in common underlined.

    Args:
        texts: one under the other, all on one scale.
        common: what BM25 counts in both texts.
        key: of the component.
    """
    sizes = [float(np.abs(one.effects).max(initial=0)) for one in texts if one.effects is not None]
    reach = max([LEAST_REACH, *sizes])
    data = {
        "texts": [
            {"label": one.label, "parts": list(_parts(one, common, reach)), "alt": _in_words(one)} for one in texts
        ]
    }
    component("simcse_shaded_words", _SCRIPT)(key=key, data=data)


def common_words(first: str, second: str) -> list[str]:
    """What BM25 counts in both texts, in the order of the first."""
    there = set(counted_words(second))
    return [word for word in dict.fromkeys(counted_words(first)) if word in there]


def _parts(one: WordsOfText, common: Collection[str], reach: float) -> list[dict[str, object]]:
    """A text cut at its words; `shade` is from -1 to 1, None between words and where nothing is known."""
    parts: list[dict[str, object]] = []
    end = 0
    for place, word in enumerate(one.words):
        if word.start > end:
            parts.append({"text": one.text[end : word.start]})
        shade = None if one.effects is None else round(float(one.effects[place]) / reach, 3)
        is_common = any(part in common for part in counted_words(word.text))
        parts.append({"text": one.text[word.start : word.end], "shade": shade, "common": is_common})
        end = word.end
    return [*parts, {"text": one.text[end:]}]


def _in_words(one: WordsOfText, most: int = 3) -> str:
    """The words that carry most, with their numbers."""
    if one.effects is None or not len(one.words):
        return ""
    order = np.argsort(-np.abs(one.effects), kind="stable")[:most]
    strongest = ", ".join(f"{one.words[place].text} {one.effects[place]:+.2f}" for place in order)
    return _("Most: {words}").format(words=strongest.replace("-", "−"))

"""The box of the rail: words or a pattern to find on the map, or a sentence to place on it."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.errors import InputError
from simcse_core.limits import check_lengths
from simcse_core.plain import shortened
from ui.frame import address
from ui.frame.translation import _, language
from ui.map.marks import Mask
from ui.map.source import MapSource, MapTexts
from ui.shared import cache
from ui.shared.prompt_and_dim import sides
from ui.shared.typing_area import typing_area

MODE, BOX = "map-find", "map-query"
WORDS, PATTERN, PLACE = "words", "pattern", "place"
LONGEST_PATTERN = 200


@dataclass(frozen=True)
class Query:
    """What is typed, and what is to be done with it."""

    text: str
    mode: str


def choose(texts: MapTexts) -> Query:
    """Asks for a query, which may be empty.

    Raises:
        InputError: it is too long.
    """
    key, keep = address.widget(MODE, [WORDS, PATTERN, PLACE], WORDS, language=language())
    titles = {WORDS: _("Words"), PATTERN: _("Pattern"), PLACE: _("Sentence")}
    mode = st.segmented_control(
        _("What the box does"),
        list(titles),
        format_func=lambda name: titles[name],
        required=True,
        key=key,
        on_change=keep,
        label_visibility="collapsed",
    )
    labels = {
        WORDS: _("Find texts with these words"),
        PATTERN: _("Find texts by a regular expression"),
        PLACE: _("Put a sentence on the map"),
    }
    text = typing_area(labels[mode or WORDS], default="", source=BOX, key=BOX, is_query=True).strip()
    check_lengths([text])
    return Query(text, mode or WORDS)


def found(query: Query, texts: MapTexts) -> Mask | None:
    """(N,) which texts a query finds; None where nothing is searched.

    Raises:
        InputError: the pattern is no regular expression.
    """
    if not query.text or query.mode == PLACE:
        return None
    return with_pattern(texts, query.text) if query.mode == PATTERN else with_words(texts, query.text)


def with_words(texts: MapTexts, words: str) -> Mask:
    """(N,) which texts contain every one of some words, in any case, also inside longer words."""
    wanted = words.casefold().split()
    return np.array([all(word in text for word in wanted) for text in _folded(texts.key, texts.texts)], dtype=bool)


def with_pattern(texts: MapTexts, pattern: str) -> Mask:
    """(N,) which texts a regular expression fits somewhere, in any case.

    It is RE2's, whose time grows with the texts alone: nobody can stop the server with a pattern.

    Raises:
        InputError: it is none, or longer than `LONGEST_PATTERN`.
    """
    import pyarrow
    from pyarrow import compute

    if len(pattern) > LONGEST_PATTERN:
        raise InputError(
            "The pattern has {given} characters: the limit is {most}.", given=len(pattern), most=LONGEST_PATTERN
        )
    try:
        matches = compute.match_substring_regex(_arrow(texts.key, texts.texts), pattern, ignore_case=True)
    except pyarrow.ArrowException as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(
            "{pattern} is no regular expression: {reason}", pattern=shortened(pattern, 60), reason=reason
        ) from error
    return np.asarray(matches.to_numpy(zero_copy_only=False), dtype=bool)


def embedded(query: Query, source: MapSource) -> NDArray[np.float32] | None:
    """(D,) the embedding of what is typed; None where nothing is, the model loads, or nothing can encode it."""
    if not query.text or source.settings is None or not cache.is_loaded(source.settings.model):
        return None
    row: NDArray[np.float32] = cache.embeddings([query.text], sides(source.settings)[0])[0]
    return row if len(row) == source.embeddings.shape[1] else None


@st.cache_resource(max_entries=8, show_spinner=False)  # read-only, as below
def _folded(key: str, _texts: tuple[str, ...]) -> list[str]:
    return [text.casefold() for text in _texts]


@st.cache_resource(max_entries=8, show_spinner=False)
def _arrow(key: str, _texts: tuple[str, ...]) -> "pyarrow.Array":  # type: ignore[name-defined]  # noqa: F821
    import pyarrow

    return pyarrow.array(_texts, pyarrow.string())

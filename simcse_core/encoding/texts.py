"""What encoders tell about the texts they were given, and what they share in handling them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from io import TextIOBase

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import InputError

Embeddings = NDArray[np.float32]
"""(N, D) unit rows."""

Progress = Callable[[int, int], None]
"""Called with the number of texts done and the number of texts to do."""

Spans = tuple[tuple[int, int], ...]
"""For each token, where its characters begin and end in the text; equal for a marker such as [CLS]."""

UNREADABLE_SHARE = 0.1
"""A text is unreadable to a model when more than this share of its tokens is unknown."""


@dataclass(frozen=True)
class TextCheck:
    """Positions, in the list that was checked, of the texts a model cannot do justice to."""

    truncated: tuple[int, ...] = ()
    """Longer than the model's limit: only the beginning counts."""
    unreadable: tuple[int, ...] = ()
    """More than a tenth of the tokens is unknown to the model."""


@dataclass(frozen=True)
class TextTokens:
    """The tokens of one text in a model."""

    spans: Spans
    embeddings: Embeddings
    """(T, D) hidden states of the chosen layer, through the head."""
    parts: Embeddings
    """(T, D) what each token adds to the pooled embedding."""
    pooled: Embeddings
    """(D,) before it is normalised."""


def is_unreadable(token_ids: Sequence[int], unknown_id: int | None, markers: int = 2) -> bool:
    """Whether more than a tenth of a text's tokens is unknown.

    Args:
        token_ids: the text's tokens with the model's own markers around them ([CLS], [SEP]).
        unknown_id: the id of the unknown token; None for a model that has none.
        markers: how many of the tokens are markers.
    """
    count = len(token_ids) - markers
    return unknown_id is not None and count > 0 and token_ids.count(unknown_id) > UNREADABLE_SHARE * count


def checked(texts: Iterable[str]) -> list[str]:
    """The texts as a list of clean strings; lone surrogates, which no tokenizer accepts, become U+FFFD.

    Raises:
        InputError: as for `each`.
    """
    return [text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for text in each(texts)]


def each(texts: Iterable[str]) -> Iterator[str]:
    """The texts of a list, a generator, a column of a table, or the lines of an open file without their ends.

    They are taken once, so that whatever can be taken only once is read as a list is.

    Raises:
        InputError: a single text, what has no order (a set) or whose elements are not what one expects (a dictionary, a
            table), or an element that is no text.
    """
    if isinstance(texts, str):
        raise InputError("Give a list of texts, not a single text: [{text!r}].", text=texts[:40])
    if not is_listing(texts):
        raise InputError(
            "Give a list of texts, not a {kind}: of a table one column, of a dictionary its values.",
            kind=type(texts).__name__,
        )
    is_file = isinstance(texts, TextIOBase)
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise InputError("Text {number} is a {kind}, not a text.", number=number, kind=type(text).__name__)
        yield text.rstrip("\r\n") if is_file else text


def is_listing(texts: object) -> bool:
    """Whether this gives its elements one after the other, in an order that means something.

    A set has no order, a DataFrame and a dictionary give their names, an array of no dimension nothing.
    """
    ndim = getattr(texts, "ndim", 1)
    is_table = ndim == 0 or (ndim > 1 and hasattr(texts, "iloc"))
    return isinstance(texts, Iterable) and not isinstance(texts, bytes | Mapping | Set) and not is_table


def once_each(texts: Sequence[str], dim: int, encode: Callable[[list[str]], Embeddings]) -> Embeddings:
    """Encode every distinct text once and put the embeddings in the order of the texts.

    Args:
        texts: N texts, repetitions allowed.
        dim: D, for the empty result.
        encode: distinct texts -> (n, D).

    Returns:
        (N, D) float32; (0, D) when there are no texts.
    """
    unique = list(dict.fromkeys(texts))
    if not unique:
        return np.zeros((0, dim), dtype=np.float32)
    row = {text: number for number, text in enumerate(unique)}
    return encode(unique)[[row[text] for text in texts]]

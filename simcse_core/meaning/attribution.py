"""Attribution of a cosine to words: leave one out, and the share of each pair of words."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import InputError
from simcse_core.limits import limits
from simcse_core.meaning.similarity import cosine_similarity

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE
    from simcse_core.encoding.protocol import Encoder

_APOSTROPHES_AND_HYPHENS = "'’-"
_JOINER = "\u200d"
"""The zero-width joiner: joins two emoji into one, such as a family or a profession."""
_SKIN_COLOURS = "".join(map(chr, range(0x1F3FB, 0x1F400)))
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))


@dataclass(frozen=True)
class Word:
    """A word of a text and where it stands; several where a model reads them as one token."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class LeaveOneOut:
    """By how much the cosine falls when a word is left out."""

    cosine: float
    words: tuple[tuple[Word, ...], tuple[Word, ...]]
    """Of the first and the second text."""
    effects: tuple[NDArray[np.float32], NDArray[np.float32]]
    """(W,) for each text: cosine minus cosine without the word; a positive one brings the texts closer."""

    @property
    def remainders(self) -> tuple[float, float]:
        """For each text, the cosine minus the sum of the effects: what no single word carries."""
        first, second = (float(self.cosine - effects.sum()) for effects in self.effects)
        return first, second


@dataclass(frozen=True)
class WordPairs:
    """Two texts word by word. Tokens that belong to no word ([CLS], [SEP]) are counted together."""

    words: tuple[tuple[Word, ...], tuple[Word, ...]]
    cosines: NDArray[np.float32]
    """(V, W) of the words' embeddings, each the mean of its tokens'; a word that was cut off has 0."""
    shares: NDArray[np.float32]
    """(V + 1, W + 1) what each pair adds to the cosine of the texts; the last row and column are the markers'."""
    cosine: float

    @property
    def remainder(self) -> float:
        """The cosine minus all shares: 0 for poolings that add up, as ours do."""
        return float(self.cosine - self.shares.sum())


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text: runs of letters and digits, single signs, and single characters of Chinese and Japanese."""
    words: list[Word] = []
    start = 0
    for position, letter in enumerate(text):
        joins = _joins(text, position) and position > 0 and start < position
        if not joins and start < position:
            words.append(Word(text[start:position], start, position))
            start = position
        if letter.isspace():
            start = position + 1
    if start < len(text):
        words.append(Word(text[start:], start, len(text)))
    return tuple(word for word in words if word.text.strip())


def words_for(model: "Encoder", text: str) -> tuple[Word, ...]:
    """The words of a text, none smaller than what the model reads: characters that share a token are one word.

    A token has one state, so nothing can be said of a part of it. Tokenizers of many languages have tokens of several
    Chinese characters (能不能), and of several signs (...).

    Raises:
        InputError: a text has more words than the limit.
    """
    spans = np.array(model.token_spans(text), dtype=np.int64).reshape(-1, 2)
    words: list[Word] = []
    for word in words_of(text):
        shared = words and ((spans[:, 0] < words[-1].end) & (spans[:, 1] > word.start)).any()
        start = words.pop().start if shared else word.start
        words.append(Word(text[start : word.end], start, word.end))
    if len(words) > (most := limits().max_attribution_words):
        raise InputError(
            "“{text}” has {given:,} words: the limit for a look at single words is {most:,} "
            "(SIMCSE_MAX_ATTRIBUTION_WORDS). Take a shorter sentence.",
            text=text[:30] + "…",
            given=len(words),
            most=most,
        )
    return tuple(words)


def leave_one_out(model: "Encoder", first: str, second: str, *, second_model: "Encoder | None" = None) -> LeaveOneOut:
    """The effect of every word of both texts on their cosine.

    Args:
        model: any encoder, also one that is frozen.
        first, second: the texts.
        second_model: reads the second text, where that has another prompt, as an answer to a question has.

    Raises:
        InputError: a text has more words than the limit.
    """
    models, texts = (model, second_model or model), (first, second)
    words = words_for(models[0], first), words_for(models[1], second)
    rows = [[text, *(_without(text, word) for word in of_text)] for text, of_text in zip(texts, words, strict=True)]
    if models[0] is models[1]:  # one batch
        embeddings = model.encode([*rows[0], *rows[1]])
        of_first, of_second = embeddings[: len(rows[0])], embeddings[len(rows[0]) :]
    else:
        of_first, of_second = (one.encode(of_text) for one, of_text in zip(models, rows, strict=True))
    cosine = float(of_first[0] @ of_second[0])
    effects = cosine - of_first[1:] @ of_second[0], cosine - of_second[1:] @ of_first[0]
    return LeaveOneOut(cosine, words, effects)


def word_pairs(model: "SimCSE", first: str, second: str) -> WordPairs:
    """What each pair of words adds to the cosine of two texts.

    A pooled vector is a sum of parts, one for each token: with mean pooling a token's share of the mean, with max
    pooling the dimensions in which it is the largest. The cosine is then the sum over all pairs of parts.

    Args:
        model: a BERT; what has no tokens has no pairs of them.
        first, second: the texts.

    Raises:
        InputError: a text has more words than the limit.
    """
    words = words_for(model, first), words_for(model, second)
    tokens = [model.tokens(text) for text in (first, second)]
    means, parts = [], []
    for of_text, tokens_of_text in zip(words, tokens, strict=True):
        groups = _words_of_tokens(of_text, tokens_of_text.spans)
        counts = np.maximum(groups[:, :-1].sum(axis=0), 1)[:, None]
        means.append(groups[:, :-1].T @ tokens_of_text.embeddings / counts)
        parts.append(groups.T @ tokens_of_text.parts)  # (W + 1, D)
    scale = float(np.linalg.norm(tokens[0].pooled) * np.linalg.norm(tokens[1].pooled))
    shares = parts[0] @ parts[1].T / scale
    cosine = float(tokens[0].pooled @ tokens[1].pooled) / scale
    return WordPairs(words, cosine_similarity(means[0], means[1]), shares.astype(np.float32), cosine)


def _words_of_tokens(words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    """(T, W + 1) 1 where a token belongs to a word; the last column is for tokens of no word."""
    member = np.zeros((len(spans), len(words) + 1), dtype=np.float32)
    for token, (start, end) in enumerate(spans):
        overlaps = (position for position, word in enumerate(words) if start < word.end and word.start < end)
        member[token, next(overlaps, len(words))] = 1.0
    return member


def _without(text: str, word: Word) -> str:
    return " ".join((text[: word.start] + text[word.end :]).split())


def _joins(text: str, position: int) -> bool:
    """Whether a character continues the word of the one before it."""
    letter, before = text[position], text[position - 1] if position else " "
    if letter.isspace() or before.isspace():
        return False
    if unicodedata.category(letter) in ("Mn", "Mc", "Me", "Cf") or letter in _SKIN_COLOURS or before == _JOINER:
        return True
    if _is_inside(text, position) or _ends_flag(text, position):
        return True
    return (_in_run(before) or _is_inside(text, position - 1)) and _in_run(letter)


def _ends_flag(text: str, position: int) -> bool:
    """A flag is written as two letters of a kind of their own."""
    until_here = text[: position + 1]
    return text[position] in _FLAG_LETTERS and (len(until_here) - len(until_here.rstrip(_FLAG_LETTERS))) % 2 == 0


def _is_inside(text: str, position: int) -> bool:
    """An apostrophe or a hyphen between letters (don't, e-mail), a point or a comma between digits (3.5)."""
    before, after = text[position - 1 : position], text[position + 1 : position + 2]
    if text[position] in ".,":
        return before.isdigit() and after.isdigit()
    return text[position] in _APOSTROPHES_AND_HYPHENS and bool(before and after) and _in_run(before) and _in_run(after)


def _in_run(letter: str) -> bool:
    """A letter, digit, mark or unseen joint of a script that writes words as runs."""
    if "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff" or "\uf900" <= letter <= "\ufaff":
        return False
    category = unicodedata.category(letter)
    return (category[0] in "LNM" or category == "Cf") and ord(letter) < 0x20000

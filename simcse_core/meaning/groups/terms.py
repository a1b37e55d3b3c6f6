"""What is counted of a text to say what it is about: its words without function words, and pairs of them."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from simcse_core.meaning.groups.chinese import RUN, chinese_words, segmented
from simcse_core.meaning.groups.stop_words import CHINESE, ENGLISH

_WORD = re.compile(rf"(?:(?!{RUN.pattern[:-1]})[^\W_])+(?:['’-](?:(?!{RUN.pattern[:-1]})[^\W_])+)*")
_ENDINGS = re.compile(r"['’](?:s|m|d|t|re|ve|ll)$")


@dataclass(frozen=True)
class Terms:
    """The terms of N texts. A term is a word, or two words that stand beside each other, as `stem` writes them."""

    of: tuple[frozenset[str], ...]
    """N sets."""
    written: dict[str, Counter[str]]
    """How each term is written in the texts."""


def terms_of(texts: Sequence[str]) -> Terms:
    """The terms of texts; Chinese words are those that the texts themselves show.

    Args:
        texts: N.
    """
    words = chinese_words(texts)
    written: dict[str, Counter[str]] = defaultdict(Counter)
    found: list[frozenset[str]] = []
    for text in texts:
        terms = _spaced(text) + _unspaced(text, words)
        for term, as_written in terms:
            written[term][as_written] += 1
        found.append(frozenset(term for term, _as_written in terms))
    return Terms(tuple(found), dict(written))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """What the forms of an English word have in common, more or less; it is never shown.

    Example:
        >>> [stem(word) for word in ("charges", "charged", "charging", "topping", "countries", "glass")]
        ['charg', 'charg', 'charg', 'top', 'country', 'glass']
    """
    if not word.isascii() or len(word) < 4:
        return word
    word = re.sub(r"ies$", "y", word) if len(word) > 4 else word
    word = re.sub(r"([sxz]|ch|sh)es$", r"\1", word)
    word = re.sub(r"(?<![sui])s$", "", word)
    shorter = re.sub(r"(?:ing|ed)$", "", word)
    if len(shorter) > 2 and re.search("[aeiouy]", shorter):
        word = re.sub(r"([bdgmnprt])\1$", r"\1", shorter) if shorter != word else word
    return re.sub(r"(?<=..)e$", "", word)


def _spaced(text: str) -> list[tuple[str, str]]:
    """(term, as written) of what stands between blanks."""
    terms: list[tuple[str, str]] = []
    last: tuple[str, str, int] | None = None
    for match in _WORD.finditer(text):
        word = _ENDINGS.sub("", match[0].lower().replace("’", "'"))
        if not _tells(word):
            last = None
            continue
        root = stem(word)
        terms.append((root, word))
        if last is not None and text[last[2] : match.start()].strip() == "" and last[0] != root:
            terms.append((f"{last[0]} {root}", f"{last[1]} {word}"))
        last = root, word, match.end()
    return terms


def _tells(word: str) -> bool:
    return len(word) > 1 and not word[0].isdigit() and word not in ENGLISH and word.partition("'")[0] not in ENGLISH


def _unspaced(text: str, words: dict[str, int]) -> list[tuple[str, str]]:
    return [
        (word, word)
        for run in RUN.findall(text)
        for word in segmented(run, words)
        if len(word) > 1 and word not in CHINESE
    ]

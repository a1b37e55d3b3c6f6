"""BM25: how well words fit, without any meaning; what a search by embeddings has to beat.

The counting is `bm25s`'s (arXiv 2407.03618), in its variant of Lucene with k1 = 1.5 and b = 0.75. A text that shares no
word with the query is not found, instead of being found with a score of 0.
"""

import json
import re
import sys
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simcse_core.data.kinds import normalised
from simcse_core.uses.search.nearest import Mask, Ranking

if TYPE_CHECKING:
    from bm25s import BM25

_WITHOUT_BLANKS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
"""Chinese, Japanese, Thai, Lao, Burmese and Khmer stand without blanks between words."""


def words(text: str) -> list[str]:
    """What BM25 counts of a text, in its order.

    Words in lower case, as `normalised` writes them; where a language has no blanks between words, single characters
    and pairs of neighbours.

    Example:
        >>> words("Wi-Fi 坏了。")
        ['wi', 'fi', '坏', '了', '坏了']
    """
    found: list[str] = []
    for run in _runs().finditer(normalised(text)):
        part = run[0]
        if run.lastgroup == "word":
            found.append(part)
        else:
            found += [*part, *(part[place : place + 2] for place in range(len(part) - 1))]
    return found


@lru_cache(maxsize=1)
def _runs() -> "re.Pattern[str]":
    """A word with its marks (vowel signs, as Hindi has them), or characters without blanks."""
    marks = "".join(letter for letter in map(chr, range(0x300, 0x10000)) if unicodedata.category(letter)[0] == "M")
    return re.compile(rf"(?P<characters>[{_WITHOUT_BLANKS}]+)|(?P<word>(?:(?![{_WITHOUT_BLANKS}])[\w{marks}])+)")


class Lexical:
    """BM25 over texts.

    Example:
        >>> ranking = Lexical.of(["A red kite.", "A blue boat.", "The boat is red."]).search("red boat", 2)
        >>> ranking.rows.tolist()
        [2, 0]
    """

    def __init__(self, bm25: "BM25 | None", count: int) -> None:
        self._bm25 = bm25
        self._count = count

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Lexical":
        """Count the words of texts."""
        numbers: dict[str, int] = {}
        rows = [[numbers.setdefault(word, len(numbers)) for word in words(text)] for text in texts]
        if not numbers:
            return cls(None, len(rows))
        bm25 = _bm25s().BM25(method="lucene", backend="numpy")
        bm25.index((rows, numbers), create_empty_token=False, show_progress=False)
        return cls(bm25, len(rows))

    def search(self, query: str, most: int, *, threshold: float | None = None, mask: Mask | None = None) -> Ranking:
        """The rows of the highest BM25 score; a score is above 0.

        Args:
            query: one text.
            most: rows at most.
            threshold: least score.
            mask: which rows count; None is all.
        """
        known = [] if self._bm25 is None else self._bm25.get_tokens_ids(words(query))
        if self._bm25 is None or not known:
            return Ranking.empty()
        scores = self._bm25.get_scores_from_ids(known)  # (N,) float32
        if mask is not None:
            scores = np.where(mask, scores, 0.0)
        rows = np.flatnonzero(scores > 0)
        if len(rows) > most:
            last = np.partition(scores[rows], len(rows) - most)[len(rows) - most]
            rows = rows[scores[rows] >= last]
        if threshold is not None:
            rows = rows[scores[rows] >= threshold]
        return Ranking.of(rows, scores[rows].astype(np.float64), most)

    def save(self, folder: Path) -> None:
        """Write it to a new folder."""
        folder.mkdir(parents=True)
        if self._bm25 is not None:
            self._bm25.save(folder, show_progress=False)
        (folder / "count.json").write_text(json.dumps({"texts": self._count}), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> "Lexical":
        """What `save` wrote; its arrays stay on the disk until they are read."""
        count = json.loads((folder / "count.json").read_text(encoding="utf-8"))["texts"]
        if not (folder / "params.index.json").exists():
            return cls(None, count)
        return cls(_bm25s().BM25.load(folder, mmap=True, show_progress=False), count)


_importing = threading.Lock()


def _bm25s() -> Any:
    """The library without numba, which it would import where it can and which costs a second, for no use here."""
    with _importing, _hidden("numba"):
        import bm25s
    return bm25s


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """A library that is not loaded yet cannot be imported inside the block."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]

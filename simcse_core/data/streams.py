"""Texts of a file of any size, one after the other: the same as in `readers`, but never the whole file in memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from simcse_core.data.files import TEXT, File, OpenLines, check_file
from simcse_core.data.piped import local
from simcse_core.limits import check_length, limits


class TextStream:
    """The texts of an open file. They can be taken once.

    Args:
        texts: one after the other.
        share: how much of the file has been read, 0 to 1.
    """

    def __init__(self, texts: Iterator[str], share: Callable[[], float]) -> None:
        self._texts = texts
        self._share = share
        self.taken = 0
        """How many texts have been taken so far."""

    def __iter__(self) -> Iterator[str]:
        longest = limits().max_text_characters
        for text in self._texts:
            self.taken += 1
            check_length(text, self.taken, longest)
            yield text

    @property
    def expected(self) -> int | None:
        """About how many texts there are, judged by the share of the file that has been read; None before the first."""
        share = self._share()
        return round(self.taken / share) if self.taken and share else None


@contextmanager
def open_texts(path: Path | str, *, encoding: str = "", sheet: str = "") -> Iterator[TextStream]:
    """The texts of a text file, or the column `text` of a table, of any size.

    A mistake in the file shows when its row is reached.

    Args:
        path: of the file; it may be packed, a pipe, or "-" for standard input (`piped.local`).
        encoding: as a user says; "" leaves it to the bytes.
        sheet: of a workbook, by name or number from 1; "" for the first.

    Yields:
        What to iterate over: the same texts that `read_texts` gives. The limits of files and tables do not hold, but
        for a JSON array and a workbook; the limit of one text does.

    Raises:
        DataError: the file does not exist, is empty, is no text, or a table without the column; or a row is broken.
        InputError: a text is longer than allowed.
        OptionError: there is no such encoding or sheet.

    Example:
        >>> with open_texts("reviews.jsonl") as texts:
        ...     encode_stream(SimCSE.load("minilm"), texts, "reviews.npy")
    """
    source = local(path)
    check_file(source.path)
    file = File(source.name, source.path, encoding, sheet)
    if file.ending in (".parquet", ".xlsx"):
        count = (file.table(TEXT).count if file.ending == ".parquet" else None) or 0
        stream = TextStream(file.texts(), lambda: stream.taken / count if count else 0.0)
        yield stream
    else:
        with OpenLines(file) as lines:
            yield TextStream(file.texts(iter(lines)), lines.share)

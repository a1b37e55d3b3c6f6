"""Bytes to text: UTF-8, UTF-16 with its mark, or GBK; a whole file at once, or line by line."""

import codecs
import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from simcse_core.errors import DataError
from simcse_core.limits import limits

BEGINNING = 1_000_000
"""So many bytes tell the encoding of a file that is read line by line."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_NO_TEXT = re.compile("[\0\udc80]")


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Stands where bytes cannot be decoded; no text decodes to it, so the line that has it can be named."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udc80", error.end


codecs.register_error("simcse_mark", _mark)


def decode(content: bytes, name: str) -> str:
    """A whole file as text.

    Raises:
        DataError: another encoding, or no text at all.
    """
    return _recognise(content, name, is_whole=True)[1]


def open_text(path: Path, *, newline: str) -> TextIOWrapper:
    """Open a file to be read line by line, with `sound_lines`; its beginning tells the encoding.

    Args:
        path: of the file.
        newline: "" ends a line at any of the usual ends, "\n" only there; either way lines keep their ends.

    Raises:
        DataError: another encoding, or no text at all.
    """
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
    encoding, _text = _recognise(beginning, path.name, is_whole=len(beginning) < BEGINNING)
    return path.open(encoding=encoding, errors="simcse_mark", newline=newline)


def sound_lines(text: TextIOWrapper, name: str) -> Iterator[str]:
    """The lines of what `open_text` opened; `name` is for messages.

    Raises:
        DataError: a line that is no text, or longer than a whole file for interactive use may be.
    """
    longest = limits().max_file_megabytes * 1_000_000
    row = 1
    while line := text.readline(longest):
        if len(line) == longest:
            raise DataError(
                "{file}, row {row}: more than {most:,} characters in a line.", file=name, row=row, most=longest
            )
        if _NO_TEXT.search(line):
            raise DataError(
                "{file}, row {row}: no text in {encoding}, unlike the file's beginning. Save it as text in UTF-8.",
                file=name,
                row=row,
                encoding={"utf-8-sig": "UTF-8", "gb18030": "GBK"}.get(text.encoding, "UTF-16"),
            )
        yield line
        row += 1


def _recognise(content: bytes, name: str, *, is_whole: bool) -> tuple[str, str]:
    """The encoding of a file or of its beginning, and the text."""
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(content, final=is_whole)
        except UnicodeDecodeError:
            continue
        binary = len(_CONTROL.findall(text)) > 0.01 * len(text) or "\0" in text
        if not binary and (encoding != "gb18030" or _is_everyday_chinese(text)):
            return encoding, text
    raise DataError("{file} is not a text file. Save it as text in UTF-8 (UTF-16 and GBK are read too).", file=name)


def _is_everyday_chinese(text: str) -> bool:
    """Whether nearly all letters beyond ASCII are of GB 2312, as in any Chinese text.

    Western European text decodes as GBK too, but into rare characters: 'Müller' becomes 'M黮ler'.
    """
    letters = [letter for letter in text if not letter.isascii()]
    everyday = sum(len(letter.encode("gb2312", "ignore")) > 0 for letter in letters)
    return everyday >= 0.9 * len(letters)

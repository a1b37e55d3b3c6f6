"""Bytes to text, in the encoding that they or their user tell; a whole file at once, or line by line."""

import codecs
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from simcse_core.errors import DataError, OptionError
from simcse_core.limits import limits

BEGINNING = 1_000_000
"""So many bytes tell the encoding of a file."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_NO_TEXT = re.compile("[\0\udc80]")
_HAN = re.compile("[\u3400-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_KANA = re.compile("[\u3041-\u30fa]")

_CLEAR = 1.4
"""The best guess is taken without asking when it is so many times as likely as the next one that gives another text.

Right ones have 1.4 and more in names of countries and languages (three of them are enough), wrong ones at most 1.3 once
`_EVERYDAY` has sorted out the rest.
"""


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Stands where bytes cannot be decoded; no text decodes to it, so the line that has it can be named."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udc80", error.end


codecs.register_error("simcse_mark", _mark)


@dataclass(frozen=True)
class Guess:
    """An encoding that a file may be in, and how its beginning would read."""

    encoding: str
    excerpt: str


class EncodingError(DataError):
    """A file whose encoding is in doubt: a user has to say which of `guesses`, the likeliest first, or another one."""

    guesses: tuple[Guess, ...] = ()


def decode(content: bytes, name: str, encoding: str = "") -> str:
    """A whole file as text.

    Args:
        content: of the file.
        name: of the file, for messages.
        encoding: as a user says; "" leaves it to the bytes.

    Raises:
        EncodingError: which encoding it is in is in doubt.
        DataError: no text at all, or not in this encoding.
        OptionError: there is no such encoding.
    """
    recognised = _recognise(content[:BEGINNING], name, encoding, is_whole=len(content) <= BEGINNING)
    try:
        text = content.decode(recognised)
    except UnicodeDecodeError as error:
        raise _stray(name, _row(content, error.start), recognised) from None
    if "\0" in text:
        raise _no_text(name)
    return text


def open_text(path: Path, encoding: str = "") -> TextIOWrapper:
    """Open a file to be read line by line, with `sound_lines`; its beginning tells the encoding.

    Args and errors as for `decode`.
    """
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
    recognised = _recognise(beginning, path.name, encoding, is_whole=len(beginning) < BEGINNING)
    return path.open(encoding=recognised, errors="simcse_mark", newline="")


def sound_lines(text: TextIOWrapper, name: str) -> Iterator[str]:
    """The lines of what `open_text` opened, with their ends; `name` is for messages.

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
            raise _stray(name, row, text.encoding)
        yield line
        row += 1


def _recognise(beginning: bytes, name: str, encoding: str, *, is_whole: bool) -> str:
    """The encoding of a file, as Python calls it."""
    if encoding:
        return _as_said(beginning, name, encoding, is_whole)
    if beginning.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return _as_said(beginning, name, "utf-32", is_whole)
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _as_said(beginning, name, "utf-16", is_whole)
    is_ascii = beginning.isascii()
    if not (is_ascii and _has_escapes(beginning)) and (text := _decoded(beginning, "utf-8-sig", is_whole)) is not None:
        if _is_binary(text):
            raise _no_text(name)
        return "utf-8-sig"
    if not is_ascii and (stray := _first_stray_byte(beginning)) is not None:
        raise _stray(name, _row(beginning, stray), "utf-8-sig")
    return _guessed(beginning, name, is_whole)


def _first_stray_byte(content: bytes) -> int | None:
    """Where UTF-8 ends, if nearly all of the letters beyond ASCII are UTF-8 all the same."""
    text = content.decode("utf-8", "replace")
    strays = text.count("\ufffd")
    if strays > 0.05 * sum(not letter.isascii() for letter in text):
        return None
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return None


def _row(content: bytes, place: int) -> int:
    return len(re.findall(rb"\r\n|\r|\n", content[:place])) + 1


def _as_said(beginning: bytes, name: str, encoding: str, is_whole: bool) -> str:
    try:
        info = codecs.lookup(encoding)
        with suppress(UnicodeError):  # one byte may be no letter yet
            b"a".decode(info.name)  # codecs that make no text of bytes, such as base64, are refused here
    except (LookupError, ValueError):
        raise OptionError(
            "There is no encoding {given!r}. Name one such as utf-8, gb18030, big5, cp949, shift_jis, cp1251, cp1252.",
            given=encoding,
        ) from None
    usual = "utf-8-sig" if info.name == "utf-8" else info.name
    text = _decoded(beginning, usual, is_whole)
    if text is None:
        raise DataError(
            "{file} is no text in {encoding}. Say which encoding it is in, or save it in UTF-8.",
            file=name,
            encoding=_title(usual),
        )
    if _is_binary(text):
        raise _no_text(name)
    return usual


def _guessed(beginning: bytes, name: str, is_whole: bool) -> str:
    """What the detector says, where it is sure and the letters are everyday ones of the language; else nothing is.

    Raises:
        EncodingError: it is in doubt.
        DataError: nothing it says fits.
    """
    import chardet

    sample = _telling(beginning)
    guesses: list[tuple[str, str, float]] = []  # encoding, text, how likely
    for said in chardet.detect_all(sample, ignore_threshold=True):
        encoding = _python_name(said["encoding"])
        text = None if encoding is None else _decoded(beginning, encoding, is_whole)
        if text and not _is_binary(text) and text not in (other for _encoding, other, _likely in guesses):
            guesses.append((encoding or "", text, float(said["confidence"])))
    if not guesses:
        raise _no_text(name)
    (encoding, text, likely), *others = guesses
    is_clear = not others or likely >= _CLEAR * others[0][2]
    is_everyday = _EVERYDAY.get(encoding)
    if is_clear and is_everyday is not None and is_everyday(text):
        return encoding
    raise _in_doubt(name, [Guess(encoding, _excerpt(text)) for encoding, text, _likely in guesses[:5]])


def _telling(content: bytes, most: int = 100_000) -> bytes:
    """The lines that are not plain ASCII: beside many others a detector overlooks what few letters say."""
    if b"\0" in content:  # of a wide encoding, whose lines end elsewhere
        return content[:most]
    if not content.isascii():
        content = re.sub(rb"[\t\x20-\x7e]{200,}", b"\n", content)
    lines = (line for line in re.split(rb"(?<=[\r\n])", content) if re.search(rb"[\x80-\xff]|\x1b|~\{", line))
    sample = b""
    for line in lines:
        sample += line
        if len(sample) >= most:
            break
    return sample[:most]


def _has_escapes(content: bytes) -> bool:
    """Whether ASCII stands for other letters, as in HZ (`~{...~}`) and ISO 2022 (escape sequences)."""
    return re.search(rb"~\{(?:[\x21-\x7e]{2})+~\}|\x1b[$(]", content) is not None


def _python_name(said: str | None) -> str | None:
    """What Python calls an encoding; the smaller ones of a family by the one that holds them all."""
    try:
        name = codecs.lookup(said or "").name
    except LookupError:
        return None
    wider = {"gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932", "big5": "big5hkscs"}
    return {**wider, "cp950": "big5hkscs", "ascii": "utf-8"}.get(name, name)


def _is_everyday_chinese(text: str) -> bool:
    """Western European text decodes as GBK too, but into rare characters: 'Müller' becomes 'M黮ler'."""
    letters = [letter for letter in text if not letter.isascii()]
    everyday = sum(len(letter.encode("gb2312", "ignore")) > 0 or _is_everyday_traditional(letter) for letter in letters)
    return everyday >= 0.9 * len(letters)


def _is_everyday_traditional(letter: str) -> bool:
    return b"\xa1" <= letter.encode("big5", "ignore")[:1] <= b"\xc6"  # its first level


def _share(letters: "re.Pattern[str]", text: str, of: float) -> bool:
    """Whether these are at least a share of all letters beyond ASCII."""
    others = [letter for letter in text if not letter.isascii() and letter.isalpha()]
    return bool(others) and len(letters.findall(text)) >= of * len(others)


_EVERYDAY: dict[str, Callable[[str], bool]] = {
    "gb18030": _is_everyday_chinese,
    "hz": _is_everyday_chinese,
    "big5hkscs": lambda text: _is_everyday_chinese(text) and _share(_HAN, text, 0.9),
    "cp949": lambda text: _share(_HANGUL, text, 0.8),
    "iso2022_kr": lambda text: _share(_HANGUL, text, 0.8),
    "cp932": lambda text: _share(_KANA, text, 0.2),
    "euc_jp": lambda text: _share(_KANA, text, 0.2),
    "iso2022_jp": lambda text: _share(_KANA, text, 0.2),
}
"""Encodings with byte patterns so particular that a file in them is read without asking, and what its text is like.

Code pages of single bytes (Windows-1252, KOI8-R ...) are not: any bytes are text in all of them.
"""


def _decoded(content: bytes, encoding: str, is_whole: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(content, final=is_whole)
    except (UnicodeError, LookupError):
        return None


def _is_binary(text: str) -> bool:
    return len(_CONTROL.findall(text)) > 0.01 * len(text) or "\0" in text


def _excerpt(text: str, most: int = 40) -> str:
    """The first words that are not plain ASCII, by which a reader sees whether they are right."""
    line = next((line for line in text.splitlines() if not line.isascii()), text)
    first = next((at for at, letter in enumerate(line) if not letter.isascii()), 0)
    return line[max(first - most // 2, 0) :][:most].strip()


def _title(encoding: str) -> str:
    """What people call an encoding, and what `--encoding` takes too."""
    usual = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32", "gb18030": "GB18030", "big5hkscs": "Big5"}
    return usual.get(encoding, encoding)


def _in_doubt(name: str, guesses: list[Guess]) -> EncodingError:
    told = "; ".join(f"{_title(guess.encoding)}: {guess.excerpt!r}" for guess in guesses[:3])
    error = EncodingError(
        "{file} is not in UTF-8, and its encoding is in doubt. It may read {guesses}. Name the encoding (--encoding), "
        "or save the file in UTF-8.",
        file=name,
        guesses=told,
    )
    error.guesses = tuple(Guess(_title(guess.encoding), guess.excerpt) for guess in guesses)
    return error


def _stray(name: str, row: int, encoding: str) -> DataError:
    return DataError(
        "{file}, row {row}: no text in {encoding}, unlike the file's beginning. Save it as text in UTF-8.",
        file=name,
        row=row,
        encoding=_title(encoding),
    )


def _no_text(name: str) -> DataError:
    return DataError(
        "{file} is not a text file. Save it as text in UTF-8; UTF-16 and the usual encodings of Chinese, Japanese and "
        "Korean are read too, and others when they are named (--encoding).",
        file=name,
    )

"""Bytes to text, in the encoding that is recognised or that the user names; a whole file at once, or line by line."""

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
"""The encoding of a file is recognised from this many bytes."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_NO_TEXT = re.compile("[\0\udc80]")
_HAN = re.compile("[\u3400-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_KANA = re.compile("[\u3041-\u30fa]")

_CLEAR = 1.4
"""The detector's best guess counts when it is so many times as likely as the next one that gives another text."""

_FEW, _MANY = 4, 12
"""Different letters beyond ASCII: fewer than `_FEW` tell nothing; with `_MANY` a guess that fits is taken though
another encoding would give everyday letters too."""

_HANGUL_OF_EVERY_TEXT = frozenset(
    "이다는의에가을로하고한지기사아리자도서어를은인시나라정대그스수보해과일원전부들만여주상으있었것제장구와게요거오우마면적성"
    "세비조동소공안무국연신유선문경화회학교관위모방발실생물미말때없않같된되및내년월중간입니습까네저러려며야더데던든린람력까"
    "집음식당날씨좋많와를못먹갔왔했겠계속통체치파트터테크코카키타고객품질배송좋싫빠르느"
)

_NO_ENCODINGS_OF_FILES = ("unicode_escape", "raw_unicode_escape", "charmap", "punycode", "undefined", "idna", "utf_7")

_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
    "utf-8": "utf-8-sig",
}
"""What people call an encoding -> the one that holds all of its letters and what programs write under its name."""


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
        encoding: as a user says; "" leaves it to the bytes. Where these are UTF-8 beyond doubt, that counts.

    Raises:
        EncodingError: which encoding it is in is in doubt.
        DataError: no text at all, or not in this encoding.
        OptionError: there is no such encoding.
    """
    start = _telling_start(content)
    recognised = _recognise(content[start:][:BEGINNING], name, encoding, is_whole=len(content) <= start + BEGINNING)
    try:
        text = content.decode(recognised)
    except UnicodeDecodeError as error:
        raise _stray(name, _row(content, error.start), recognised) from None
    if "\0" in text:
        raise _no_text(name)
    return text


def open_text(path: Path, encoding: str = "") -> TextIOWrapper:
    """Open a file to be read line by line, with `sound_lines`; its first letters beyond ASCII tell the encoding.

    Args and errors as for `decode`.
    """
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
        while _is_plain(beginning) and (more := file.read(BEGINNING)):
            beginning = more
        is_whole = not file.read(1)
    recognised = _recognise(beginning, path.name, encoding, is_whole=is_whole)
    return path.open(encoding=recognised, errors="simcse_mark", newline="")


def _telling_start(content: bytes) -> int:
    """Where the bytes begin that show the encoding: the first part of `BEGINNING` bytes that is not plain ASCII."""
    starts = range(0, len(content), BEGINNING)
    return next((start for start in starts if not _is_plain(content[start : start + BEGINNING])), 0)


def _is_plain(content: bytes) -> bool:
    return content.isascii() and b"\0" not in content and not _has_escapes(content)


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
    if beginning.startswith(b"PK\x03\x04"):
        raise DataError(
            "{file} is an Excel workbook or another packed file, whatever its name says. Name a workbook .xlsx, unpack "
            "others.",
            file=name,
        )
    said = _canonical_name(encoding) if encoding else ""
    recognised = _marked(beginning)
    if recognised is None and not _has_escapes(beginning) and _decoded(beginning, "utf-8-sig", is_whole) is not None:
        recognised = "utf-8-sig"
    is_utf8 = recognised is not None and not (recognised == "utf-8-sig" and beginning.isascii())
    if said and not (is_utf8 and not _reads_well(beginning, said, is_whole)):
        recognised = _as_said(beginning, name, said, is_whole)
    elif recognised is None:
        if (stray := _first_stray_byte(beginning)) is not None:
            raise _stray(name, _row(beginning, stray), "utf-8-sig")
        return _guessed(beginning, name, is_whole)
    text = _decoded(beginning, recognised, is_whole)
    if text is None or _is_binary(text):
        raise _no_text(name)
    return recognised


def _marked(beginning: bytes) -> str | None:
    """What a mark at the beginning says, or the zeros of UTF-16 without one."""
    if beginning.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if beginning.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    even, odd = beginning[::2].count(0), beginning[1::2].count(0)
    if max(even, odd) > 0.2 * len(beginning) / 2 and min(even, odd) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    return None


def _reads_well(beginning: bytes, encoding: str, is_whole: bool) -> bool:
    """Whether bytes that are UTF-8 are everyday text in another encoding too, as the GBK of two letters can be."""
    is_everyday = _EVERYDAY.get(encoding)
    text = _decoded(beginning, encoding, is_whole)
    return is_everyday is not None and text is not None and is_everyday(text)


def _first_stray_byte(content: bytes) -> int | None:
    """Where UTF-8 ends, if nearly all of the letters beyond ASCII are UTF-8 all the same."""
    text = content.decode("utf-8", "replace")
    strays = text.count("\ufffd")
    others = sum(not letter.isascii() for letter in text) - strays
    if others == 0 or strays > max(1, 0.05 * others):
        return None
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return None


def _row(content: bytes, place: int) -> int:
    return len(re.findall(rb"\r\n|\r|\n", content[:place])) + 1


def _canonical_name(encoding: str) -> str:
    """What Python calls an encoding that a user names, or the wider one that is meant.

    Raises:
        OptionError: there is none of this name.
    """
    try:
        name = codecs.lookup(encoding).name
        with suppress(UnicodeError):  # one byte may be no letter yet
            b"a".decode(name)  # codecs that make no text of bytes, such as base64, are refused here
    except (LookupError, ValueError):
        name = ""
    if not name or name.replace("-", "_") in _NO_ENCODINGS_OF_FILES:
        raise OptionError(
            "There is no encoding {given!r}. Name one such as utf-8, gb18030, big5, cp949, shift_jis, cp1251, cp1252.",
            given=encoding,
        )
    return _WIDER.get(name, name)


def _as_said(beginning: bytes, name: str, encoding: str, is_whole: bool) -> str:
    """The encoding that a user names, if the bytes can be in it."""
    tried = ("utf-16", "utf-16-le", "utf-16-be") if encoding == "utf-16" else (encoding,)
    is_narrow = encoding.startswith(("utf-16", "utf-32")) and b"\0" not in beginning and beginning.isascii()
    for one in tried if not is_narrow else ():
        text = _decoded(beginning, one, is_whole)
        if text is not None and not _is_binary(text) and (one != "utf-16" or _marked(beginning) == "utf-16"):
            return one
    raise DataError(
        "{file} is no text in {encoding}. Say which encoding it is in, or save it in UTF-8.",
        file=name,
        encoding=_title(encoding),
    )


def _guessed(beginning: bytes, name: str, is_whole: bool) -> str:
    """What the detector says, where it is sure and the letters are everyday ones of the language; else nobody is.

    Raises:
        EncodingError: it is in doubt.
        DataError: nothing fits.
    """
    import chardet

    said = chardet.detect_all(_telling(beginning), ignore_threshold=True)
    named = ((_python_name(one["encoding"]), float(one["confidence"])) for one in reversed(said))
    likely = {encoding: confidence for encoding, confidence in named if encoding is not None}
    texts: dict[str, str] = {}
    for encoding in (*_EVERYDAY, "cp1252", *sorted(likely, key=lambda one: -likely[one])):
        text = _decoded(beginning, encoding, is_whole)
        if text and not _is_binary(text) and not _UNLIKELY.search(text) and text not in texts.values():
            texts[encoding] = text
    fitting = [encoding for encoding in _EVERYDAY if encoding in texts and _EVERYDAY[encoding](texts[encoding])]
    # HZ and ISO 2022 are plain ASCII; that other letters are meant shows only where they make everyday text.
    is_in_capitals = re.fullmatch(rb"[A-Z]*", b"".join(re.findall(rb"~\{(.*?)~\}", beginning, re.DOTALL))) is not None
    if beginning.isascii() and ((b"\x1b" not in beginning and is_in_capitals) or not {*_ESCAPED} & {*fitting}):
        return "utf-8-sig"
    if b"\0" in beginning and len(texts) == 1:  # wide letters, and nothing else can be meant
        return next(iter(texts))
    if beginning.isascii() and len(fitting) == 1:  # and an escape sequence says so
        return fitting[0]
    ranked = sorted((encoding for encoding in likely if encoding in texts), key=lambda one: -likely[one])
    if ranked and ranked[0] in fitting:
        letters = len({letter for letter in texts[ranked[0]] if not letter.isascii() and letter.isalpha()})
        is_clear = len(ranked) == 1 or likely[ranked[0]] >= _CLEAR * likely[ranked[1]]
        if is_clear and letters >= (_FEW if len(fitting) == 1 else _MANY):
            return ranked[0]
    offered = list(dict.fromkeys([*fitting, *(one for one in ("cp1252",) if one in texts), *ranked]))
    guesses = [Guess(_title(encoding), _excerpt(texts[encoding])) for encoding in offered]
    if not guesses:
        raise _no_text(name)
    raise _in_doubt(name, guesses)


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
    """Whether ASCII may stand for other letters, as in HZ (`~{...~}`) and ISO 2022 (escape sequences)."""
    return re.search(rb"~\{(?:[\x21-\x7e]{2})+~\}|\x1b[$(]", content) is not None


def _python_name(said: str | None) -> str | None:
    """What Python calls an encoding of the detector, or the wider one."""
    try:
        name = codecs.lookup(said or "").name
    except LookupError:
        return None
    return None if name == "ascii" else _WIDER.get(name, name)


def _is_everyday_chinese(text: str) -> bool:
    """Western European text decodes as GBK too, but into rare characters: 'Müller' becomes 'M黮ler'."""
    letters = [letter for letter in text if not letter.isascii()]
    everyday = sum(map(_is_everyday_letter, letters))
    return bool(letters) and everyday >= 0.9 * len(letters)


def _is_everyday_letter(letter: str) -> bool:
    simplified, traditional = letter.encode("gb2312", "ignore")[:1], letter.encode("big5", "ignore")[:1]
    return b"\xa1" <= simplified <= b"\xd7" or b"\xa1" <= traditional <= b"\xc6"  # the first levels, and signs


def _is_everyday_korean(text: str) -> bool:
    syllables = _HANGUL.findall(text)
    return _share(_HANGUL, text, 0.8) and sum(one in _HANGUL_OF_EVERY_TEXT for one in syllables) >= 0.5 * len(syllables)


def _is_everyday_japanese(text: str) -> bool:
    """With kana, or in kanji of the first level."""
    others = [letter for letter in text if not letter.isascii() and letter.isalpha()]
    frequent = sum(letter.encode("euc_jp", "ignore")[:1] < b"\xd0" for letter in others)
    return bool(others) and (_share(_KANA, text, 0.2) or frequent >= 0.95 * len(others))


def _share(letters: "re.Pattern[str]", text: str, of: float) -> bool:
    """Whether these are at least a share of all letters beyond ASCII."""
    others = [letter for letter in text if not letter.isascii() and letter.isalpha()]
    return bool(others) and len(letters.findall(text)) >= of * len(others)


_EVERYDAY: dict[str, Callable[[str], bool]] = {
    "gb18030": _is_everyday_chinese,
    "big5hkscs": lambda text: _is_everyday_chinese(text) and _share(_HAN, text, 0.9),
    "cp949": _is_everyday_korean,
    "cp932": _is_everyday_japanese,
    "euc_jp": _is_everyday_japanese,
    "hz": lambda text: _is_everyday_chinese(text) and _share(_HAN, text, 1.0),
    "iso2022_kr": lambda text: _share(_HANGUL, text, 0.8),  # its escape sequence stands in no other text
    "iso2022_jp": _is_everyday_japanese,
}
"""Encodings with byte patterns so particular that a file in them is read without asking, and what its text is like.

Code pages of single bytes (Windows-1252, KOI8-R ...) are not: any bytes are text in all of them.
"""
_ESCAPED = ("hz", "iso2022_kr", "iso2022_jp")
_UNLIKELY = re.compile("[\x7f-\x84\x86-\x9f\ue000-\uf8ff]")
"""Control letters that no text has, and letters that everybody may make his own."""


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
    first = next((position for position, letter in enumerate(line) if not letter.isascii()), 0)
    return line[max(first - most // 2, 0) :][:most].strip()


def _title(encoding: str) -> str:
    """What people call an encoding, and what `--encoding` takes too."""
    usual = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32", "gb18030": "GB18030", "big5hkscs": "Big5"}
    return usual.get(encoding, encoding)


def _in_doubt(name: str, guesses: list[Guess]) -> EncodingError:
    different = list({guess.excerpt: guess for guess in reversed(guesses)}.values())[::-1][:5]
    error = EncodingError(
        "{file} is not in UTF-8, and its encoding is in doubt. It may read {guesses}. Name the encoding (--encoding), "
        "or save the file in UTF-8.",
        file=name,
        guesses="; ".join(f"{guess.encoding}: {guess.excerpt!r}" for guess in different[:3]),
    )
    error.guesses = tuple(different)
    return error


def _stray(name: str, row: int, encoding: str) -> DataError:
    return DataError(
        "{file}, row {row}: no text in {encoding}, unlike the rest. Name the encoding (--encoding), or save the file "
        "in UTF-8.",
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

"""A user's text for each place that shows it: letter for letter, and never as code of that place.

Names of runs, classes, columns, files and models are such texts, and so is what an operating system says of a file.
Whatever shows one goes through the function of its medium:

- `printable`: a terminal, a log
- `markdown`: Markdown, of a page and of a file
- `markup`: HTML and SVG, and the labels of Plotly, which reads tags
- `shell_word`: an argument of a command that somebody pastes
- `data.writers.safe`: a cell of a table that a spreadsheet opens
"""

import html
import re
import shlex

_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]")
_STEERING = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]")
"""What steers a terminal, or turns the direction in which the rest of a line is read."""
_NO_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""What UTF-8 has no place for, such as a byte of a file's name that is in another encoding."""
_MARKS = re.compile(r"[\\`*_{}\[\]<>#|~$:&!^=]")
_AT_THE_START = re.compile(r"^( *\d*)([-+.)])")
"""Signs that begin a list, a line or a heading, and are letters elsewhere."""
_FOUND_LATER = re.compile(r"(?<=[:@])(?=\S)|(?<=\bwww)(?=\.)|(?<=(?<!\S)[<>~-])(?=(?:->|[-=>])(?!\S))", re.IGNORECASE)
"""Inside links, icons, emoji and arrows. They are found after Markdown's escapes are gone."""
_WORD_JOINER = "\u2060"
LONGEST_WORD = 200
"""Letters without a space in a line for a terminal; a number of thousands of digits says no more."""
LONGEST_LINE = 2_000


def one_line(text: str) -> str:
    """A text in one line, without what would steer a terminal or turn the direction of reading."""
    return _NO_CHARACTER.sub("\ufffd", _STEERING.sub("", _BREAKS.sub(" ", text)))


def printable(text: str) -> str:
    """For a terminal: one line of what can be seen, and spaces."""
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "" for letter in one_line(text))


def short_line(text: str) -> str:
    """For a terminal, with the middle of what is longer than anybody reads left out."""
    line = re.sub(rf"\S{{{LONGEST_WORD},}}", lambda word: shortened(word[0]), printable(text))
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE // 2]} … {line[-LONGEST_LINE // 2 :]}"


def shortened(text: str, longest: int = LONGEST_WORD) -> str:
    """The beginning and the end of what is longer than anybody reads; never longer than it was."""
    if len(text) < longest:
        return text
    end = min(40, longest // 4)
    return f"{text[: min(80, longest - end - 3)]} … {text[-end:]}"


def markdown(text: str) -> str:
    """For Markdown, as Streamlit, GitHub and others read it: no formatting, HTML, formula, icon, link or picture."""
    joined = _FOUND_LATER.sub(_WORD_JOINER, one_line(text))
    return _AT_THE_START.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", joined))


def markup(text: str) -> str:
    """For HTML, inside an element; Plotly reads the same in its labels."""
    return html.escape(one_line(text), quote=False)


def shell_word(argument: str) -> str:
    """For a command line: an argument that a shell takes as it is, in one line of what can be seen.

    Example:
        >>> print(shell_word("my file.csv"), shell_word("a\\nb"))
        'my file.csv' $'a\\nb'
    """
    if argument.isprintable():
        return shlex.quote(argument)
    return "$'" + "".join(_shell_letter(letter) for letter in argument) + "'"


def _shell_letter(letter: str) -> str:
    if letter == "\n":
        return r"\n"
    if letter in "\\'":
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    errors = "surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in letter.encode("utf-8", errors))

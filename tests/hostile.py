"""Names that somebody chose to see what becomes of them, and what a reader of Markdown would make of a text."""

import re

from markdown_it import MarkdownIt

NAMES = (
    "![hostile](http://hostile/x)",
    "<img src=http://hostile/x onerror=alert(1)>",
    "[hostile](javascript:alert(1))",
    "http://hostile/x www.hostile.org mail@hostile.org",
    ":material/delete: :hostile: :+1: :red[hostile]",
    r"$\frac{1}{2}$ hostile",
    "a|hostile",
    "**hostile** ~~hostile~~ `hostile` __hostile__",
    "\x1b[2Jhostile\r\x07\x9b1m",
    "hostile \u202etxt.exe\u2066",
    "hostile\n# head\n\n- list\n    code\n***\n",
    "=1+1 hostile",
    "a;=1+1;hostile",
    "caf\udce9 hostile",
    "-> -- hostile <-",
    "&lt;b&gt;hostile&#33;",
    "1. hostile",
    "\\\\hostile\\share*\\[x](y)",
)
OF_A_RUN = "![a](http://hostile/x)<b>[b](javascript:0) :material/home: $x^2$ **c** ~~d~~|e"
"""All of it in the length that a run's name may have."""
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What steers a terminal or turns the direction of reading; a line may end."""

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_QUIET = {"inline", "text", "softbreak", "paragraph_open", "paragraph_close"}
_LATER = (
    r":[\w+-]+:|:[a-z]+\[",  # icons, emoji, colours
    r"(?<!\S)(<->|->|<-|--|>=|<=|~=)(?!\S)",
    r"(?i)https?://|www\.|\w@\w",
)
"""What Streamlit and GitHub look for in the words that are left."""


def words_of(markdown: str) -> str:
    """What a reader of Markdown sees of it, when that is nothing but words."""
    tokens = [own for token in _MARKDOWN.parse(markdown) for own in (token, *(token.children or ()))]
    formatted = {token.type for token in tokens} - _QUIET
    assert not re.search(r"(?<!\\)(\\\\)*\$", markdown), markdown  # a formula
    assert not formatted, f"{formatted} in {markdown!r}"
    shown = "".join(token.content for token in tokens if token.type == "text")
    for pattern in _LATER:
        assert not re.search(pattern, shown), f"{pattern} in {markdown!r}"
    return shown


def pictures_and_links(markdown: str) -> list[str]:
    """All that a reader of Markdown would fetch, follow or run, and whatever looks like it to one that finds icons."""
    tokens = [own for token in _MARKDOWN.parse(markdown) for own in (token, *(token.children or ()))]
    found = [str(token.attrs.get("src") or token.attrs.get("href") or "") for token in tokens]
    found += [token.content for token in tokens if token.type.startswith("html")]
    return [one for one in found if one]

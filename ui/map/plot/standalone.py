"""A map as a page of its own, which works without a network."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from string import Template

from simcse_core.plain import markup
from ui.frame.scripts import as_one_script
from ui.map.plot.model import Plot
from ui.map.plot.scene import scene

_FRONTEND = Path(__file__).parent / "frontend"
_MOST_TEXT = 1_000_000_000


def to_html(plot: Plot, *, title: str, language: str, words: Mapping[str, str], alt: str = "") -> str:
    """One page with the same map, for keeping and passing on; it has all texts in it.

    Args:
        plot: what it shows.
        title: of the page.
        language: of the words, "en" or "zh_CN".
        words: from `words.words`.
        alt: what the picture shows, in words; the title when there are none.

    Returns:
        HTML that can be encoded as UTF-8 whatever the texts are. Its policy forbids all requests.
    """
    picture = scene(plot, most_text=_MOST_TEXT)
    script = as_one_script(_FRONTEND / "page.js")
    data = {
        **picture.description,
        "words": dict(words),
        "alt": alt or title,
        "arrays64": {array.name: base64.b64encode(array.data).decode() for array in picture.arrays},
    }
    return Template(_text("page.html")).substitute(
        language=markup(language.replace("_", "-")),
        title=markup(title),
        style=_text("plot.css"),
        viewer=_text("plot.html"),
        data=_json_in_html(data),
        script=script,
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
    )


def _text(name: str) -> str:
    return (_FRONTEND / name).read_text(encoding="utf-8")


def _json_in_html(data: object) -> str:
    """JSON that cannot end the script element it stands in, nor open a comment in it."""
    return json.dumps(data).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")

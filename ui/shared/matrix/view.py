"""Large cosine matrices: a heatmap on a canvas, the same as a PNG, and as a page that needs nothing else.

Plotly takes seconds from about a thousand sentences on; this takes 5,000. The browser gets one byte a cell and 256
colours, and draws with frontend/draw.js. Exact values stay here: the picture reports the cell that was
clicked, and the page shows its value.
"""

import base64
import hashlib
import html
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.frame.components import component
from ui.frame.scripts import as_one_script
from ui.frame.translation import _
from ui.shared.matrix.colors import NO_NUMBER, CosineColors

TABLE_UP_TO = 60
"""The stand-alone page has all numbers as a table up to this many sentences."""

PART_BYTES = 6_000_000
"""Of a matrix in one message: proxies cut a connection that sends more than eight or ten million at once."""

HUNDREDTHS_UP_TO = 1_000_000
"""So many cells have numbers with two exact digits; larger matrices have them about right."""

_FRONTEND = Path(__file__).parent / "frontend"
_CHUNK = 2**18
_COSINES = CosineColors()

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Picture:
    """The words of a saved picture."""

    title: str
    footer: str
    file: str = "similarity.png"
    label: str = ""
    """On the button."""


def to_bytes(similarity: Matrix) -> bytes:
    """One byte a cell, row by row: round((cosine + 1) * 127), at most 1/254 off; 255 where there is no number.

    Args:
        similarity: (N, M) in [-1, 1]; what lies outside is cut, NaN has no number.
    """
    rows, columns = similarity.shape
    cells = np.empty((rows, columns), dtype=np.uint8)
    step = max(1, _CHUNK // max(columns, 1))  # a chunk stays in the processor's cache
    for start in range(0, rows, step):
        scaled = np.rint((similarity[start : start + step] + 1) * 127).clip(0, 254)
        cells[start : start + step] = np.where(np.isnan(scaled), NO_NUMBER, scaled)
    return cells.tobytes()


def to_hundredths(similarity: Matrix) -> bytes:
    """The cosines with two digits, a signed byte each; nothing for a matrix that is too large to be sent twice.

    Without them a number read back from its colour would be a hundredth off now and then, beside a table that is not.
    """
    if similarity.size > HUNDREDTHS_UP_TO:
        return b""
    return np.nan_to_num(np.rint(similarity * 100)).clip(-100, 100).astype(np.int8).tobytes()


def words() -> dict[str, str]:
    """The words of the viewer in the language of this session."""
    return {
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "fit": _("Show all"),
        "hint": _(
            "Point at a cell to read it, click to keep it. Zoom with the buttons, with Ctrl and the wheel or with two "
            "fingers; drag to move."
        ),
        "pick": _("Point at a cell to read it, click to keep it."),
        "help": _(
            "Arrow keys move from cell to cell, with Shift ten cells. Plus and minus zoom, 0 shows all, Enter chooses "
            "the cell, Escape leaves."
        ),
        "cell": _("Row {row}, column {column}: about {value}. {first} / {second}"),
        "table": _("The numbers"),
    }


def matrix_view(
    similarity: Matrix,
    texts: Sequence[str],
    *,
    key: str,
    alt: str,
    columns: Sequence[str] | None = None,
    numbers: Sequence[int] | None = None,
    colors: CosineColors = _COSINES,
    height: int | None = 560,
    labels: bool = True,
    small: bool = False,
    hint: str = "",
    selected: tuple[int, int] | None = None,
    picture: Picture | None = None,
) -> tuple[int, int] | None:
    """A heatmap to zoom into, with each cell's value about right under the pointer.

    Args:
        similarity: (N, M) cosines, up to 5,000 x 5,000.
        texts: N sentences of the rows.
        key: of the widget. Zoom is kept while it shows the same sentences.
        alt: what the picture shows, in words.
        columns: M sentences of the columns; None when they are those of the rows.
        numbers: of the sentences; None counts from 1.
        colors: the colour scale.
        height: at most so many pixels; None takes the height of its place.
        labels: whether the sentences stand at the rows, beside their numbers.
        small: one of several: a scale and the cells, nothing to zoom with.
        hint: what a click does, said where there is nothing to zoom; "" says how a cell is read.
        selected: a cell (row, column) to outline, instead of the one clicked last.
        picture: adds a button that saves the whole matrix as a PNG.

    Returns:
        Row and column of the cell that was clicked last, counted from 0; None before, and for other sentences.
    """
    matrix = _Packed.of(similarity, texts, columns, key, numbers)
    clicked = _cell(st.session_state.get(key, {}).get("cell"), matrix)
    data = {
        "key": key,
        "digest": matrix.digest,
        "sentences": matrix.sentences,
        "scale": colors.for_browser(),
        "words": {**words(), **({"pick": hint} if hint else {})},
        "alt": alt,
        "height": height,
        "labels": labels,
        "small": small,
        "selected": selected,
        "clicked": clicked,
        "picture": asdict(picture) if picture else None,
    }
    room: Literal["content", "stretch"] = "content" if height else "stretch"
    with st.container(gap=None, height=room):
        result = component("simcse_matrix_view", _FRONTEND / "view.js")(
            key=key, data=data, height=room, on_cell_change=lambda: None
        )
        matrix.send(key)
    return _cell(result.cell, matrix)


def picture_button(
    similarity: Matrix,
    texts: Sequence[str],
    *,
    key: str,
    label: str,
    title: str,
    footer: str,
    columns: Sequence[str] | None = None,
    numbers: Sequence[int] | None = None,
    colors: CosineColors = _COSINES,
    file_name: str = "similarity.png",
) -> None:
    """A button that draws the matrix as a PNG in the browser and saves it.

    Args:
        similarity, texts, columns, numbers, colors: as in `matrix_view`.
        key: of the widget.
        label: on the button.
        title, footer: above and below the picture, a line each.
        file_name: of the saved file.
    """
    matrix = _Packed.of(similarity, texts, columns, key, numbers)
    data = {
        "key": key,
        "digest": matrix.digest,
        "label": label,
        "scale": colors.for_browser(),
        "picture": asdict(Picture(title, footer, file_name)),
    }
    with st.container(gap=None, width="content"):
        component("simcse_picture_button", _FRONTEND / "picture_button.js")(key=key, data=data, width="content")
        matrix.send(key)


def to_html(
    similarity: Matrix,
    texts: Sequence[str],
    *,
    title: str,
    words: Mapping[str, str],
    language: str,
    alt: str = "",
    columns: Sequence[str] | None = None,
    numbers: Sequence[int] | None = None,
    colors: CosineColors = _COSINES,
    picture: Picture | None = None,
) -> str:
    """One page with the same viewer that works without a network, for keeping and passing on.

    Args:
        similarity, texts, columns, numbers, colors, picture: as in `matrix_view`.
        title: of the page.
        words: from `words`.
        language: of the words, "en" or "zh_CN".
        alt: what the picture shows, in words; the title when there are none.

    Returns:
        HTML that can be encoded as UTF-8 whatever the sentences are. Its policy forbids all requests.
    """
    script = as_one_script(_FRONTEND / "page.js")
    data = {
        "numbers": base64.b64encode(to_bytes(similarity) + to_hundredths(similarity)).decode(),
        "rows": list(texts),
        "columns": list(columns) if columns is not None else None,
        "order": list(numbers) if numbers is not None else None,
        "scale": colors.for_browser(),
        "words": dict(words),
        "alt": alt or title,
        "picture": asdict(picture) if picture else None,
    }
    return Template(_text("page.html")).substitute(
        language=language.replace("_", "-"),
        title=_escaped(title),
        style=_text("view.css"),
        viewer=_text("view.html"),
        table=_table(similarity, texts, columns or texts, numbers, words["table"]),
        data=_json_in_html(data),
        script=script,
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
    )


@dataclass(frozen=True)
class _Packed:
    """A matrix with its sentences; frontend/cells.js puts its parts together and unpacks it."""

    parts: tuple[bytes, ...]
    """Each a message of its own."""
    digest: str
    """Of all of it: the view waits for the message that has this one."""
    sentences: str
    """Digest of the sentences alone: a cell keeps its meaning while they stay the same."""
    shape: tuple[int, int]

    @classmethod
    def of(
        cls,
        similarity: Matrix,
        texts: Sequence[str],
        columns: Sequence[str] | None,
        key: str,
        numbers: Sequence[int] | None = None,
    ) -> "_Packed":
        shape = (len(texts), len(texts if columns is None else columns))
        if similarity.shape != shape:
            raise ValueError(f"a matrix of {shape} is needed for these sentences, got {similarity.shape}")
        header = _header(texts, columns, numbers)
        message = b"".join((len(header).to_bytes(4, "little"), header, to_bytes(similarity), to_hundredths(similarity)))
        digest = hashlib.sha256(message)
        pieces = [message[start : start + PART_BYTES] for start in range(0, len(message), PART_BYTES)]
        name = key.encode()
        parts = (
            b"".join((digest.digest(), struct.pack("<3I", len(pieces), number, len(name)), name, piece))
            for number, piece in enumerate(pieces)
        )
        return cls(tuple(parts), digest.hexdigest(), hashlib.sha256(header).hexdigest(), shape)

    def send(self, key: str) -> None:
        """Send the parts that the browser does not have."""
        for number, part in enumerate(self.parts):
            component("simcse_matrix_cells", _FRONTEND / "cells.js")(key=f"{key}-cells-{number}", data=part, height=1)


def _header(texts: Sequence[str], columns: Sequence[str] | None, numbers: Sequence[int] | None) -> bytes:
    sentences: dict[str, object] = {"rows": list(texts), "columns": None if columns is None else list(columns)}
    sentences["order"] = None if numbers is None else list(numbers)
    return json.dumps(sentences).encode("ascii")  # lone surrogates have become escapes


def clicked_anew(texts: Sequence[str], *, key: str, numbers: Sequence[int] | None = None) -> tuple[int, int] | None:
    """The cell of a square matrix that was clicked since the last call; None when there was none of these sentences.

    Args:
        texts, key, numbers: as `matrix_view` gets them.
    """
    match st.session_state.get(key, {}).get("cell"):
        case [int(row), int(column), str(sentences), time] if st.session_state.get(f"{key}-seen") != time:
            st.session_state[f"{key}-seen"] = time
            is_of_these = sentences == hashlib.sha256(_header(texts, None, numbers)).hexdigest()
            if is_of_these and min(row, column) >= 0 and max(row, column) < len(texts):
                return row, column
    return None


def _cell(reported: object, matrix: _Packed) -> tuple[int, int] | None:
    """What the browser reported, if it is a cell of these sentences."""
    match reported:
        case [int(row), int(column), matrix.sentences, *_time] if (
            0 <= row < matrix.shape[0] and 0 <= column < matrix.shape[1]
        ):
            return row, column
    return None


def _table(
    similarity: Matrix, texts: Sequence[str], columns: Sequence[str], numbers: Sequence[int] | None, caption: str
) -> str:
    """All numbers as a table; nothing when there are too many."""
    if max(len(texts), len(columns)) > TABLE_UP_TO:
        return ""
    places = numbers or range(1, max(len(texts), len(columns)) + 1)
    head = "".join(f'<th scope="col">{number}</th>' for number in places[: len(columns)])
    rows = [
        f'<tr><th scope="row">{number} {_escaped(text)}</th>'
        + "".join(f"<td>{value:.2f}</td>" for value in row + 0.0)
        + "</tr>"
        for number, text, row in zip(places[: len(texts)], texts, similarity.round(2), strict=True)
    ]
    return (
        f'<div class="numbers" role="region" tabindex="0" aria-label="{_escaped(caption)}">'
        f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _text(name: str) -> str:
    return (_FRONTEND / name).read_text(encoding="utf-8")


def _escaped(text: str) -> str:
    """Text inside HTML; what UTF-8 or HTML cannot hold becomes the replacement character."""
    return html.escape(
        re.sub(
            r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]", "\ufffd", text
        )
    )


def _json_in_html(data: object) -> str:
    """JSON that cannot end the script element it stands in, nor open a comment in it."""
    return json.dumps(data).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")

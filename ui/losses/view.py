"""The picture of the page Losses: circles that play together, and the matrices of one of them.

All frames go to the browser in one message, numbers as float32 in base64; frontend/view.js plays them.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.learning.circle import Batch, Cells, Motion, Panel, names_of
from simcse_core.learning.circle.batch import LETTERS, Targets
from ui.frame import projector
from ui.frame.components import component
from ui.frame.translation import _, language
from ui.shared.colors import cosine_stops, of_category

KEY = "circles"
_EDITED = "circles-edited"
_SCRIPT = Path(__file__).parent / "frontend" / "view.js"

Payload = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """One circle with its words."""

    id: str
    title: str
    color: str
    motion: Motion
    cells: Cells | None = None
    views: NDArray[np.float64] | None = None
    belonging: NDArray[np.float64] | None = None
    """(F,) instead of the mean cosine of the matches."""
    setting: str = ""
    verdict: str = ""
    """ "wrong", "right" or nothing."""
    tab: str = ""
    """Its name over the matrices, if it is not the title."""
    editable: bool = False
    """Whether clicks may change its targets."""

    @property
    def matches(self) -> NDArray[np.float64]:
        """(F,) mean cosine of what belongs together."""
        return self.motion.matches if self.belonging is None else self.belonging


def edited_targets(batch: Batch) -> Targets | None:
    """The targets that the user made of this batch by clicking; None when they are as its labels say."""
    edit: object = st.session_state.get(KEY, {}).get("targets") or st.session_state.get(_EDITED)
    match edit:
        case {"batch": digest, "targets": list(rows)} if digest == digest_of(batch) and _fits(rows, len(batch.classes)):
            return batch.with_targets(rows).targets
    return None


def _fits(rows: list[object], count: int) -> bool:
    """Whether what the browser sent is a matrix of targets."""
    return len(rows) == count and all(
        isinstance(row, list) and len(row) == count and all(value in (-1, 0, 1) for value in row) for row in rows
    )


def digest_of(batch: Batch) -> str:
    """Names a batch in messages from the browser."""
    return hashlib.sha256(repr((batch.angles, batch.classes)).encode()).hexdigest()[:16]


def circles(
    shown: Sequence[Shown],
    batch: Batch,
    *,
    legend: Sequence[str],
    edited: bool = False,
    words: Mapping[str, str] | None = None,
    story: Sequence[tuple[str, str]] = (),
    compact: bool = False,
) -> None:
    """Draw circles side by side.

    Args:
        shown: the circles, all with the same number of points and frames.
        batch: where they start; it gives the points their names, colours and shapes.
        legend: what to call each class.
        edited: the targets are not as the labels say.
        words: of the picture, where they differ from `_words`.
        story: paragraphs beside the circles, each with its heading.
        compact: smaller circles, beside something else.
    """
    panels = [_panel(one, batch, edited) for one in shown]
    points = [
        {"name": name, "color": of_category(number), "shape": number}
        for name, number in zip(names_of(batch.classes), batch.classes, strict=True)
    ]
    content = json.dumps([_without_words(panels), points, digest_of(batch)])
    data = {
        "panels": panels,
        "points": points,
        "batch": digest_of(batch),
        "digest": hashlib.sha256(content.encode()).hexdigest(),
        "look": f"{language()}-{projector.is_on()}-{compact}",
        "legend": [
            {"label": label, "color": of_category(number), "shape": number} for number, label in enumerate(legend)
        ],
        "projector": projector.is_on(),
        "compact": compact,
        "stops": cosine_stops(),
        "words": {**_words(), **(words or {})},
        "story": [{"heading": heading, "text": text} for heading, text in story],
    }
    component("simcse_circles", _SCRIPT)(key=KEY, data=data, on_targets_change=_remember)


def batch_of(panel: Panel) -> Batch:
    """Names, colours and shapes of the points of a failure."""
    angles = _angles(panel.motion.points[0])
    return Batch(tuple(map(float, angles)), panel.classes, panel.motion.truth)


def _remember() -> None:
    edit = st.session_state.get(KEY, {}).get("targets")
    st.session_state[_EDITED] = edit  # the widget's own state goes with a change of page


def _without_words(panels: Sequence[Payload]) -> list[Payload]:
    """What decides whether the circles show something new; a change of language does not."""
    words = ("title", "setting", "verdict_in_words", "tab", "matrices")
    return [{name: value for name, value in panel.items() if name not in words} for panel in panels]


def class_names(batch: Batch, labels: Sequence[str] = ()) -> list[str]:
    """What the legend calls each class: its letter, and the user's label if there is one."""
    count = max(batch.classes) + 1
    named = dict(zip(batch.classes, labels, strict=False)) if labels else {}
    return [f"{LETTERS[number]} {named.get(number, '')}".strip() for number in range(count)]


def _panel(one: Shown, batch: Batch, edited: bool) -> Payload:
    motion = one.motion
    return {
        "id": one.id,
        "title": one.title,
        "tab": one.tab or one.title,
        "setting": one.setting,
        "color": one.color,
        "verdict": one.verdict,
        "verdict_in_words": {"wrong": _("goes wrong"), "right": _("done right")}.get(one.verdict, ""),
        "angles": packed(_angles(motion.points)),
        "views": packed(_angles(one.views)) if one.views is not None else None,
        "centers": packed(motion.learned["centers"]) if "centers" in motion.learned else None,
        "losses": numbers(motion.losses),
        "matches": numbers(one.matches),
        "mismatches": numbers(motion.mismatches),
        "matrices": _matrices(one, one.cells, batch, edited) if one.cells else None,
    }


def _matrices(one: Shown, cells: Cells, batch: Batch, edited: bool) -> Payload:
    names = list(names_of(batch.classes))
    columns = cells.targets.shape[1]
    centers = columns != len(names)
    return {
        "rows": names,
        "columns": [LETTERS[number] for number in range(columns)] if centers else names,
        "targets": cells.targets.ravel().tolist(),
        "editable": one.editable,
        "edited": edited,
        "cosines": packed(cells.cosines),
        "logits": None if cells.logits is None else packed(cells.logits),
        "probabilities": None if cells.probabilities is None else packed(cells.probabilities),
        "shares": None if cells.shares is None else packed(in_percent(cells.shares)),
        "pushes": packed(in_percent(-cells.gradients)),
        "note": _note(cells, one),
        "why": _why(centers),
    }


def _note(cells: Cells, one: Shown) -> str:
    """Why the targets cannot be clicked."""
    if cells.targets.shape[1] != cells.targets.shape[0]:
        return _("The columns are the centres of the classes; pairs play no part here.")
    if one.verdict:
        return _("What the loss is told: +1 match, −1 mismatch, · left out.")
    return _("Labels play no part here: each text has to find its own second view, and all others are mismatches.")


def _why(centers: bool) -> dict[str, str]:
    """Explanations that differ from the usual ones."""
    if not centers:
        return {}
    return {
        "cosines": _("Of each text (row) with the centre of each class (column)."),
        "probabilities": _("How likely the classifier thinks each class is: softmax along the row."),
    }


def in_percent(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each cell's share of the sum of all sizes of its frame; the sign stays. 0 where there is nothing to share."""
    total = np.abs(values).sum(axis=(1, 2), keepdims=True)
    return np.where(total > 1e-9, 100 * values / np.maximum(total, 1e-9), 0.0)


def packed(values: NDArray[np.float64]) -> str:
    """Numbers as float32 in base64: half the bytes of JSON, and the browser need not parse them."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def numbers(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers for JSON, which has no NaN."""
    return [round(float(value), 5) if np.isfinite(value) else None for value in values]


def _angles(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.arctan2(points[..., 1], points[..., 0])


def _words() -> dict[str, str]:
    """The words of the picture in the language of this session."""
    return {
        "bar": _("Play the training"),
        "play": _("Play"),
        "pause": _("Pause"),
        "reset": _("Back to the start"),
        "back": _("One step back"),
        "forward": _("One step forward"),
        "scrub": _("Step"),
        "speed": _("Speed"),
        "step": _("Step {n} of {most}"),
        "loss": _("loss value"),
        "matches": _("matches"),
        "mismatches": _("mismatches"),
        "circle": _("{title}. {step}: loss {loss}, mean cosine of matches {matches}, of mismatches {mismatches}."),
        "batch": _("The same batch in numbers"),
        "cosines": _("Cosine"),
        "cosines_is": _("How close each two points are."),
        "targets": _("Target"),
        "edit": _("+1 match, −1 mismatch, 0 left out. Click a cell to change it; all circles start anew."),
        "as_labelled": _("As labelled"),
        "logits": _("Logit"),
        "logits_is": _("What the loss makes of the cosine before it turns it into a probability."),
        "probabilities": _("Probability"),
        "probabilities_is": _("How likely the loss thinks a match is."),
        "shares": _("Share of the loss, %"),
        "shares_is": _("Which cells the loss consists of."),
        "pushes": _("Share of the gradient, %"),
        "pushes_is": _("+ pulls the two together, − pushes them apart."),
        "none": _("This loss has none: it works on the cosines as they are."),
        "match": _("match"),
        "mismatch": _("mismatch"),
        "left_out": _("left out"),
    }

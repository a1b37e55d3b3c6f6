"""What the rail says of the chosen circle: its loss, and the same batch as matrices, whose targets can be clicked.

frontend/details.js draws it and follows the circles.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.learning.circle import Batch, Cells, names_of
from simcse_core.learning.circle.batch import LETTERS, Targets
from ui.frame.components import component
from ui.frame.translation import _
from ui.losses.view import Payload, Shown, digest_of, packed
from ui.shared.colors import cosine_stops

KEY = "circle-details"
_EDITED = "circles-edited"
_SCRIPT = Path(__file__).parent / "frontend" / "details.js"


def show(
    shown: Sequence[Shown], batch: Batch, *, edited: bool = False, tokens: Mapping[str, object] | None = None
) -> None:
    """Draw the details of one circle, at first of the first one.

    Args:
        shown: the circles.
        batch: where they start.
        edited: the targets are not as the labels say.
        tokens: a real sentence with padding, see `padding`.
    """
    panels = [_panel(one, batch, edited) for one in shown]
    data = {
        "panels": panels,
        "batch": digest_of(batch),
        "stops": cosine_stops(),
        "words": _words(),
        "tokens": tokens,
    }
    digest = hashlib.sha256(json.dumps(data).encode()).hexdigest()
    component("simcse_circle_details", _SCRIPT)(key=KEY, data={**data, "digest": digest}, on_targets_change=_remember)


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


def _remember() -> None:
    edit = st.session_state.get(KEY, {}).get("targets")
    st.session_state[_EDITED] = edit  # the widget's own state goes with a change of page


def _panel(one: Shown, batch: Batch, edited: bool) -> Payload:
    options = [[setting.option, setting.explanation] for setting in one.settings if setting.explanation]
    return {
        "id": one.id,
        "title": one.title,
        "setting": one.setting,
        "about": [*([["", one.about]] if one.about else []), *options],
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


def _words() -> dict[str, str]:
    return {
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

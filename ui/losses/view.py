"""The picture of the page Losses: circles that play together.

All frames go to the browser in one message, numbers as float32 in base64; frontend/view.js plays them. What the rail
says of the chosen circle is in `details`.
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
from simcse_core.learning.circle.batch import LETTERS
from ui.frame import address, projector
from ui.frame.components import component
from ui.frame.translation import _, language
from ui.shared.colors import of_category

KEY = "circles"
_SCRIPT = Path(__file__).parent / "frontend" / "view.js"

Payload = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """An option of a loss beside its circle."""

    option: str
    explanation: str
    choices: tuple[str, ...]
    value: str


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
    settings: tuple[Setting, ...] = ()
    """Options that can be changed beside the circle."""
    about: str = ""
    """What the loss rewards."""
    telling: NDArray[np.float64] | None = None
    """(F,) the large number under the circle; None is the mean cosine with the nearest mismatch."""
    telling_in_words: str = ""
    editable: bool = False
    """Whether clicks may change its targets."""

    @property
    def matches(self) -> NDArray[np.float64]:
        """(F,) mean cosine of what belongs together."""
        return self.motion.matches if self.belonging is None else self.belonging


def digest_of(batch: Batch) -> str:
    """Names a batch in messages from the browser."""
    return hashlib.sha256(repr((batch.angles, batch.classes)).encode()).hexdigest()[:16]


def circles(
    shown: Sequence[Shown], batch: Batch, *, legend: Sequence[str], words: Mapping[str, str] | None = None
) -> None:
    """Draw circles side by side.

    Args:
        shown: the circles, all with the same number of points and frames.
        batch: where they start; it gives the points their names, colours and shapes.
        legend: what to call each class.
        words: of the picture, where they differ from `_words`.
    """
    panels = [_panel(one) for one in shown]
    points = [
        {"name": name, "color": of_category(number), "shape": number}
        for name, number in zip(names_of(batch.classes), batch.classes, strict=True)
    ]
    content = json.dumps([_without_words(panels), points, digest_of(batch)])
    data = {
        "panels": panels,
        "points": points,
        "digest": hashlib.sha256(content.encode()).hexdigest(),
        "look": f"{language()}-{projector.is_on()}",
        "legend": [
            {"label": label, "letter": LETTERS[number], "color": of_category(number), "shape": number}
            for number, label in enumerate(legend)
        ],
        "words": {**_words(), **(words or {})},
    }
    component("simcse_circles", _SCRIPT)(key=KEY, data=data, height="stretch", on_setting_change=_set)


def batch_of(panel: Panel) -> Batch:
    """Names, colours and shapes of the points of a failure."""
    angles = _angles(panel.motion.points[0])
    return Batch(tuple(map(float, angles)), panel.classes, panel.motion.truth)


def _set() -> None:
    """An option was chosen beside a circle; the page checks it as it checks the address."""
    match st.session_state.get(KEY, {}).get("setting"):
        case {"loss": str(loss), "option": str(option), "value": str(value)}:
            address.put(f"{loss}-{option}", value)


def _without_words(panels: Sequence[Payload]) -> list[Payload]:
    """What decides whether the circles show something new; a change of language does not."""
    words = ("title", "setting", "settings", "verdict_in_words", "telling_in_words")
    return [{name: value for name, value in panel.items() if name not in words} for panel in panels]


def class_names(batch: Batch, labels: Sequence[str] = ()) -> list[str]:
    """What the legend calls each class: its letter, and the user's label if there is one."""
    count = max(batch.classes) + 1
    named = dict(zip(batch.classes, labels, strict=False)) if labels else {}
    return [f"{LETTERS[number]} {named.get(number, '')}".strip() for number in range(count)]


def _panel(one: Shown) -> Payload:
    motion = one.motion
    telling = motion.nearest if one.telling is None else one.telling
    return {
        "id": one.id,
        "title": one.title,
        "setting": one.setting,
        "settings": [
            {"option": setting.option, "choices": setting.choices, "value": setting.value} for setting in one.settings
        ],
        "color": one.color,
        "verdict": one.verdict,
        "verdict_in_words": {"wrong": _("goes wrong"), "right": _("done right")}.get(one.verdict, ""),
        "telling": numbers(telling),
        "telling_in_words": one.telling_in_words or _("nearest mismatch"),
        "learned": {name: numbers(values) for name, values in motion.learned.items() if values.ndim == 1},
        "angles": packed(_angles(motion.points)),
        "views": packed(_angles(one.views)) if one.views is not None else None,
        "centers": packed(motion.learned["centers"]) if "centers" in motion.learned else None,
        "losses": numbers(motion.losses),
        "matches": numbers(one.matches),
        "nearest": numbers(motion.nearest),
    }


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
        "nearest": _("nearest mismatch"),
        "ring_start": _("start"),
        "ring_now": _("now"),
        "reading": _("Only the angle counts. Inner ring: start; rim: now; same angle: stacked outwards."),
        "circle": _("{title}. {step}: loss {loss}, {telling}."),
    }

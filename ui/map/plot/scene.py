"""A plot as what the frontend gets: a description as JSON, and arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simcse_core.plain import one_line, shortened
from ui.map.plot import packing
from ui.map.plot.model import Plot
from ui.map.plot.palette import Colored, colored

LONGEST_TEXT = 400
"""Characters that are shown of a text; the page has the whole."""
LONGEST_NAME = 80


@dataclass(frozen=True)
class Scene:
    """What is drawn. `description` names each array that it needs by its digest."""

    description: dict[str, object]
    arrays: tuple[packing.Array, ...]


def scene(plot: Plot, *, most_text: int = packing.TEXTS_UP_TO, dark: bool = False) -> Scene:
    """Pack a plot, with its texts when they have no more than so many bytes."""
    frames = packing.frames(plot)
    layouts = [
        packing.Array.of(f"layout-{number}", packing.places(layout, frame))
        for number, (layout, frame) in enumerate(zip(plot.layouts, frames, strict=True))
    ]
    colors = colored(plot.color, plot.count, dark=dark)
    texts = packing.texts(plot.texts, shown, most_text)
    arrays = {
        "color": colors.codes.tobytes(),
        "groups": packing.groups(plot),
        "kept": packing.kept(plot),
        "selection": packing.bits(plot.selection),
        "found": packing.bits(plot.found),
        "leftOut": packing.bits(plot.left_out),
        "texts": texts,
        "labels": packing.columns(plot.labels, shown, most_text) if texts else b"",
    }
    packed = {name: packing.Array.of(name, data) for name, data in arrays.items() if data}
    description: dict[str, object] = {
        "content": plot.content,
        "count": plot.count,
        "layouts": [
            {
                "name": layout.name,
                "title": layout.title,
                "dimensions": layout.points.shape[1],
                "digest": array.digest,
            }
            for layout, array in zip(plot.layouts, layouts, strict=True)
        ],
        "place": plot.place,
        "color": _legend(colors),
        "arrays": {name: array.digest for name, array in packed.items()},
        "groupNames": [shortened(one_line(name), LONGEST_NAME) for name in plot.group_names],
        "chosen": None if plot.chosen is None else {"row": plot.chosen, "text": shown(plot.texts[plot.chosen])},
        "neighbours": [
            {"row": row, "cosine": round(float(cosine), 4), "text": shown(plot.texts[row])}
            for row, cosine in plot.neighbours
        ],
        "placed": [
            {
                "text": shown(placed.text),
                "points": [
                    _unit(frame, placed.points.get(layout.name))
                    for layout, frame in zip(plot.layouts, frames, strict=True)
                ],
            }
            for placed in plot.placed
        ],
        "trails": list(plot.trails),
        "steps": plot.steps,
        "density": plot.density,
        "small": plot.small,
        "title": one_line(plot.title),
    }
    return Scene(description, (*layouts, *packed.values()))


def shown(text: str) -> str:
    """A text as it stands on the map: one line, not endless."""
    return shortened(one_line(text), LONGEST_TEXT)


def _legend(colors: Colored) -> dict[str, object]:
    entries = [
        {
            "name": shortened(one_line(entry.name), LONGEST_NAME),
            "color": entry.color,
            "shape": entry.shape,
            "count": entry.count,
        }
        for entry in colors.entries
    ]
    ticks = [{"at": place, "text": text} for place, text in colors.ticks]
    scale = {"low": colors.low, "high": colors.high, "digits": colors.digits, "none": colors.none}
    return {"title": one_line(colors.title), "entries": entries, "table": list(colors.table), "ticks": ticks, **scale}


def _unit(frame: packing.Frame, point: Sequence[float] | None) -> list[float] | None:
    if point is None:
        return None
    units = frame.units(np.asarray(point, dtype=np.float64)[None, : len(frame.middle)])[0]
    return [round(float(value), 6) for value in units] if np.isfinite(units).all() else None

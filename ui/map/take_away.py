"""The map as a file: table with coordinates, picture, page of its own, and the Python and the command for the same."""

import shlex
from collections.abc import Callable, Mapping
from io import BytesIO

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.data.writers import to_csv
from simcse_core.meaning.projection import Recipe
from ui.frame import address
from ui.frame.translation import _, language
from ui.map.plot import Plot, to_html, to_svg
from ui.map.plot.words import words
from ui.map.source import MapSource
from ui.shared.cache import EncoderSettings

TEXTS, VECTORS = "texts.csv", "vectors.npy"
MOST_IN_PICTURE = 20_000
AXES = ("x", "y", "z")


def show(source: MapSource, plot: Plot, recipe: Recipe, columns: Mapping[str, tuple[str, ...]]) -> None:
    """All ways to take the map away.

    Args:
        source: what is mapped.
        plot: as it is drawn.
        recipe: of the layout that is shown.
        columns: beside the texts, N cells each.
    """
    points = plot.layouts[plot.place].points
    with st.container(horizontal=True, gap="xsmall"):
        _button(_("Table (CSV)"), lambda: csv(source, points, columns).encode("utf-8-sig"), "map.csv", "text/csv")
        _button(
            _("Table (Parquet)"), lambda: parquet(source, points, columns), "map.parquet", "application/octet-stream"
        )
        _button(
            _("Page (HTML)"),
            lambda: to_html(plot, title=plot.title, language=language(), words=words()).encode("utf-8", "replace"),
            "map.html",
            "text/html",
        )
        if plot.count <= MOST_IN_PICTURE and points.shape[1] == 2:
            _button(
                _("Picture (SVG)"),
                lambda: to_svg(plot, title=plot.title).encode("utf-8", "replace"),
                "map.svg",
                "image/svg+xml",
            )
    st.caption(_("Save picture, a button on the map, saves a PNG of what is in view."))
    st.caption(_("The same in Python"))
    st.code(python(source, recipe), language="python", wrap_lines=True)
    st.caption(_("The same on the command line"))
    st.code(command(source, recipe), language="bash", wrap_lines=True)
    st.caption(_("This link opens the page with the same settings; texts of your own are not in it."))
    st.code(address.link(), language=None, wrap_lines=True)


def csv(source: MapSource, points: NDArray[np.float32], columns: Mapping[str, tuple[str, ...]]) -> str:
    """A row for each text, with its coordinates and all columns; safe to open in a spreadsheet."""
    names = unused_names(points.shape[1], columns)
    rows = (
        [text, *(round(float(value), 6) for value in place), *(cells[row] for cells in columns.values())]
        for row, (text, place) in enumerate(zip(source.texts.texts, points, strict=True))
    )
    return to_csv(["text", *names, *columns], rows)


def parquet(source: MapSource, points: NDArray[np.float32], columns: Mapping[str, tuple[str, ...]]) -> bytes:
    """The same as Parquet, letter for letter."""
    import pyarrow
    from pyarrow import parquet as files

    names = unused_names(points.shape[1], columns)
    cells = {
        "text": pyarrow.array([_encodable(text) for text in source.texts.texts]),
        **{name: pyarrow.array(np.ascontiguousarray(points[:, axis])) for axis, name in enumerate(names)},
        **{name: pyarrow.array(list(map(_encodable, column))) for name, column in columns.items() if name != "text"},
    }
    out = BytesIO()
    files.write_table(pyarrow.table(cells), out)
    return out.getvalue()


def unused_names(dimensions: int, columns: Mapping[str, object]) -> list[str]:
    """Names of the coordinates that no column has: x, y, or map_x, map_y."""
    taken = any(axis in columns for axis in AXES[:dimensions])
    return [f"map_{axis}" if taken else axis for axis in AXES[:dimensions]]


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def python(source: MapSource, recipe: Recipe) -> str:
    """A script that makes the same map."""
    labels = 'labels = read_data("' + TEXTS + '").label\n' if "labels=labels" in recipe.to_python() else ""
    reader = "from simcse_core.data.readers import read_data, read_texts\n" if labels else (
        "from simcse_core.data.readers import read_texts\n"
    )  # fmt: skip
    if source.settings is None:
        return (
            "from simcse_core.data.vectors import read_vectors\n"
            "from simcse_core.meaning.projection import Recipe, project\n\n"
            f"embeddings = read_vectors(Path({VECTORS!r}), {VECTORS!r}).embeddings\n"
            f"points = {recipe.to_python()}.points\n"
        ).replace("from simcse_core.data", "from pathlib import Path\n\nfrom simcse_core.data", 1)
    options = "".join(f", {name}={value!r}" for name, value in _options(source.settings).items())
    return (
        "from simcse_core import SimCSE\n"
        f"{reader}"
        "from simcse_core.meaning.projection import Recipe, project\n\n"
        f"{labels}"
        f"embeddings = SimCSE.load({source.settings.model!r}{options}).encode(read_texts({TEXTS!r}))\n"
        f"points = {recipe.to_python()}.points\n"
    )


def command(source: MapSource, recipe: Recipe) -> str:
    """A command that makes the same map."""
    said = ["python", "-m", "simcse_core", "project", "--input", TEXTS, "--method", recipe.method]
    said += ["--dimensions", str(recipe.dimensions), "--seed", str(recipe.seed)]
    for name, value in recipe.options:
        said += [f"--{name.replace('_', '-')}", f"{value:g}"]
    if source.settings is None:
        said += ["--embeddings", VECTORS]
    else:
        said += ["--model", source.settings.model]
        for name, setting in _options(source.settings).items():
            said += [f"--{name}", str(setting)]
    return shlex.join([*said, "--output", "map.parquet"])


def _options(settings: EncoderSettings) -> dict[str, object]:
    names = ("layer", "pooling", "head", "prompt", "dim")
    return {name: getattr(settings, name) for name in names if getattr(settings, name) is not None}


def _button(label: str, make: Callable[[], bytes], file: str, mime: str) -> None:
    st.download_button(label, make, file, mime, icon=":material/download:", on_click="ignore", key=f"map-{file}")

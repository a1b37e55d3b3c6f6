"""Maps of texts side by side, and the true neighbours of the selected text."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.data.kinds import Dataset, texts_of
from simcse_core.limits import check_texts, limits
from simcse_core.meaning.projection import Projection, nearest, projections
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.shared import background, charts

SELECTED = "map-chosen"
NEIGHBOURS = 8
SEED = 0
IN_A_ROW = 2
"""Maps beside each other."""
HEIGHT = 460

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class MapTexts:
    """What is on the map."""

    texts: tuple[str, ...]
    labels: tuple[str, ...] | None

    @classmethod
    def of(cls, data: Dataset) -> "MapTexts":
        """The texts of a data set, with their labels where it has them.

        Of pairs, triplets and answers these are the distinct texts of all columns.

        Raises:
            InputError: there are too many texts.
        """
        texts = texts_of(data) if data.text_classes else tuple(dict.fromkeys(texts_of(data)))
        check_texts(texts, limits().max_map_points, "max_map_points")
        return cls(texts, data.text_classes)


def show_maps(embeddings: Matrix, texts: MapTexts, *, content: str) -> None:
    """A map for each projection: those that are quick at once, the others when the worker has them.

    Args:
        embeddings: (N, D) unit rows.
        texts: N texts.
        content: a key for the embeddings.
    """
    selected = selected_text(content, len(texts.texts))
    near = [row for row, _cosine in nearest(embeddings, selected, NEIGHBOURS)] if selected is not None else []
    methods = projections.entries()
    futures = {
        method.name: background.projection(content, method.name, embeddings, SEED)
        for method in methods
        if len(texts.texts) >= method.fewest
    }
    for start in range(0, len(methods), IN_A_ROW):
        for place, method in zip(st.columns(IN_A_ROW), methods[start : start + IN_A_ROW], strict=False):
            with place:
                st.header(plain(method.title), anchor=False, help=_(method.summary))
                computed = _computed(method, content, embeddings, futures.get(method.name))
                if computed is not None:
                    points, trust = computed
                    _map(points, texts, selected, near, content=content, name=method.title, trust=trust)
    if waiting := [future for future in futures.values() if not future.done()]:
        _poll(waiting)


def _computed(
    method: Projection, content: str, embeddings: Matrix, future: "Future[background.Projected] | None"
) -> tuple[Matrix, float | None] | None:
    """Points and their trustworthiness, as far as they are there; where there are no points, the page says why."""
    if future is None:
        st.info(
            plain(_("{method} needs at least {n} texts to mean anything.").format(method=method.title, n=method.fewest))
        )
        return None
    if future.done():
        return future.result()
    if method.is_instant:
        return _points(content, method.name, embeddings), None
    _wait(method)
    return None


@st.cache_data(max_entries=20, show_spinner=False)
def _points(content: str, method: str, _embeddings: Matrix) -> Matrix:
    return projections[method].function(_embeddings, seed=SEED)


def choose_text(texts: MapTexts, *, content: str) -> int | None:
    """A text to look at: type to search, or click a point on a map.

    Args:
        texts: what is on the map.
        content: a key for the texts; with other texts nothing is selected.

    Returns:
        Its position.
    """
    key = f"map-text-{content[:12]}"
    selected = selected_text(content, len(texts.texts))
    st.session_state[key] = selected

    def keep() -> None:
        _select(content, st.session_state[key])

    st.selectbox(
        _("Find a text, or click a point"),
        range(len(texts.texts)),
        index=None,
        format_func=lambda position: charts.numbered(texts.texts, position),
        placeholder=_("Type to search"),
        key=key,
        on_change=keep,
    )
    return selected


def selected_text(content: str, count: int) -> int | None:
    of_content, position = st.session_state.get(SELECTED, ("", None))
    return position if of_content == content and isinstance(position, int) and position < count else None


def _select(content: str, position: object) -> None:
    st.session_state[SELECTED] = (content, position)


def show_neighbours(embeddings: Matrix, texts: MapTexts, selected: int | None) -> None:
    """The nearest texts in the original space, whatever the map shows."""
    if selected is None:
        return
    st.header(_("Nearest in the original space"), anchor=False)
    st.markdown(f"**{plain(texts.texts[selected])}**")
    rows = nearest(embeddings, selected, NEIGHBOURS)
    columns = {
        _("cosine"): [f"{cosine:.2f}" for _position, cosine in rows],
        _("text"): [plain(texts.texts[position]) for position, _cosine in rows],
    }
    if texts.labels is not None:
        columns[_("label")] = [plain(texts.labels[position]) for position, _cosine in rows]
    st.table(columns, hide_index=True)


def _map(
    points: Matrix,
    texts: MapTexts,
    selected: int | None,
    near: Sequence[int],
    *,
    content: str,
    name: str,
    trust: float | None,
) -> None:
    key = f"map-{name}"

    def select() -> None:
        points_selected = st.session_state[key].selection.points
        if points_selected:
            _select(content, int(points_selected[0]["customdata"]))

    st.plotly_chart(
        charts.scatter(points, texts.texts, texts.labels, selected=selected, neighbours=near, height=HEIGHT),
        key=key,
        on_select=select,
        selection_mode="points",
        config={"displayModeBar": False, "scrollZoom": False},
        alt=_("{name} map of {n} texts. The list beside it finds a text and its neighbours.").format(
            name=name, n=len(points)
        ),
    )
    if trust is None:
        st.caption(_("Measuring how far this map can be trusted …"))
    elif np.isfinite(trust):
        st.caption(
            _("Trustworthiness {trust:.2f} (1: all neighbours on the map are true neighbours).").format(trust=trust)
        )


def _wait(method: Projection) -> None:
    with st.container(height=HEIGHT, border=True, vertical_alignment="center", horizontal_alignment="center"):
        st.markdown(":material/hourglass_top: " + plain(_("{method} is being computed.").format(method=method.title)))
        st.caption(_(method.while_waiting))


@st.fragment(run_every=1.0)
def _poll(waiting: Sequence["Future[background.Projected]"]) -> None:
    """Draws the page anew when the worker has one of the maps."""
    if any(future.done() for future in waiting):
        st.rerun()

"""Maps of texts side by side, and the true neighbours of the selected text."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.data.kinds import Dataset, texts_of
from simcse_core.limits import check_texts, limits
from simcse_core.meaning.projection import FEWEST_FOR_UMAP, nearest, pca
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.shared import background, charts

SELECTED = "map-chosen"
NEIGHBOURS = 8
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
    """PCA at once; UMAP beside it when the worker has it.

    Args:
        embeddings: (N, D) unit rows.
        texts: N texts.
        content: a key for the embeddings.
    """
    selected = selected_text(content, len(texts.texts))
    near = [position for position, _cosine in nearest(embeddings, selected, NEIGHBOURS)] if selected is not None else []
    seed = 0
    trust = background.projection(content, "pca", embeddings, (), seed)
    too_few = len(texts.texts) < FEWEST_FOR_UMAP
    umap = None if too_few else background.projection(content, "umap", embeddings, (("n_neighbors", 15),), seed)
    first, second = st.columns(2)
    with first:
        st.header("PCA", anchor=False, help=_("The two directions in which the embeddings differ most."))
        _map(
            _pca(content, embeddings),
            texts,
            selected,
            near,
            content=content,
            name="PCA",
            trust=trust.result()[1] if trust.done() else None,
        )
    with second:
        st.header("UMAP", anchor=False, help=_("Neighbours stay neighbours; distances between groups mean little."))
        if umap is None:
            st.info(_("UMAP needs at least {n} texts to mean anything.").format(n=FEWEST_FOR_UMAP))
        elif umap.done():
            points, trustworthiness = umap.result()
            _map(points, texts, selected, near, content=content, name="UMAP", trust=trustworthiness)
        else:
            _wait()
    if waiting := [future for future in (trust, umap) if future is not None and not future.done()]:
        _poll(waiting)


@st.cache_data(max_entries=20, show_spinner=False)
def _pca(content: str, _embeddings: Matrix) -> Matrix:
    return pca(_embeddings)


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


def _wait() -> None:
    with st.container(height=HEIGHT, border=True, vertical_alignment="center", horizontal_alignment="center"):
        st.markdown(":material/hourglass_top: " + _("UMAP is being computed."))
        st.caption(_("The first one takes about half a minute, because UMAP compiles itself; later ones seconds."))


@st.fragment(run_every=1.0)
def _poll(waiting: Sequence["Future[background.Projected]"]) -> None:
    """Draws the page anew when the worker has one of the maps."""
    if any(future.done() for future in waiting):
        st.rerun()

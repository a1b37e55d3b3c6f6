"""The view before/after: one frame for two encoders, with the way of the texts that moved most."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.projection import Projected, Recipe, project_together, projections
from simcse_core.meaning.projection.moved import change, most_moved
from simcse_core.plain import shortened
from ui.frame import address, errors, projector
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import N_, _, joined, language
from ui.map import encoded, projected
from ui.map.before_after import measure, pair
from ui.map.before_after.pair import Pair
from ui.map.honesty import choice, maps, shown_groups
from ui.map.honesty.shown_groups import ShownGroups
from ui.map.plot import Classes, Layout, Numbers, Plot, plot
from ui.map.plot.view import touched
from ui.map.recipes import PCA
from ui.map.source import MapSource
from ui.shared import projecting

KEY = "map-before-after"
COLORS = {"groups": N_("Groups"), "moved": N_("What moved")}
LISTED = 8
TRAILS = 20
NEAR = 6
"""Neighbours of the text that is looked at, on each side."""
LONGEST = 70
ONE_LINE = 38


@dataclass(frozen=True, eq=False)
class Compared:
    """Two embeddings of the same texts, in one frame."""

    source: MapSource
    pair: Pair
    before: Embeddings
    after: Embeddings
    points: tuple[NDArray[np.float32], NDArray[np.float32]]
    changed: measure.Change
    content: str
    note: str
    """On how the maps were made."""

    @property
    def most(self) -> tuple[int, ...]:
        """Rows of the texts that moved most, the most first."""
        return most_moved(self.changed.moved, *self.points, max(LISTED, TRAILS))


def show(source: MapSource, places: Stage) -> None:
    """Draw the view.

    Args:
        source: what is on the page, under the encoder that is chosen there.
        places: of the page.
    """
    recipe = choice.recipe(source, places)
    with places.figure:
        with places.controls:
            both = pair.choose(source)
            color = _choose_color()
        compared = _compared(source, both, recipe, places)
        if compared is None:
            return
        chosen = _chosen(compared)
        with places.rail:
            groups = shown_groups.of(source) or ShownGroups.none(len(source))
        picture = _plot(compared, groups, color, chosen)
        plot(picture, key=KEY, alt=_alt(compared), on_touch=lambda: _take_touch(compared))
    with places.finding:
        has_learned = pair.has_learned_from(source.texts, both.after)
        said = measure.in_words(compared.changed, both.names, has_learned=has_learned)
        st.markdown(plain(joined(said, compared.note)))
    with places.rail, errors.user_errors():
        _list(compared, chosen)
        if chosen is not None:
            _neighbours(compared, chosen)


def _choose_color() -> str:
    key, keep = address.widget("before-color", list(COLORS), next(iter(COLORS)), language=language())
    color: str | None = st.segmented_control(
        _("Colour"),
        list(COLORS),
        format_func=lambda name: _(COLORS[name]),
        required=True,
        key=key,
        on_change=keep,
        label_visibility="collapsed",
    )
    return color or next(iter(COLORS))


def _compared(source: MapSource, both: Pair, recipe: Recipe, places: Stage) -> Compared | None:
    """None while something is missing, which the page says."""
    if both.before == both.after:
        st.info(_("Both sides are the same model. Choose another one to compare it with."), icon=":material/help:")
        return None
    sides = [encoded.source(source.texts, settings) for settings in (both.before, both.after)]
    before, after = (None if side is None else side.embeddings for side in sides)
    if before is None or after is None:
        return None
    content = f"{sides[0].content[:20]}-{sides[1].content[:20]}" if sides[0] and sides[1] else ""
    job = projecting.request(content, before, recipe, labels=source.texts.labels, together=[after])
    results = job.results if len(job.results) > 1 else _by_pca(content, recipe.dimensions, before, after)
    with places.finding:
        maps.poll([job])
        if job.error is not None:
            st.warning(plain(maps.state_in_words(job)), icon=":material/info:")
    first, second = (result.points for result in results[:2])
    changed = measure.change(content, before, after, source.texts)
    note = projected.notes_in_words(results[0].notes)
    if results is not job.results and job.error is None:
        note = _("Drawn by PCA until {method} is there.").format(method=projections[recipe.method].title)
    return Compared(source, both, before, after, (first, second), changed, content, note)


@st.cache_resource(max_entries=8, show_spinner=False)
def _by_pca(content: str, dimensions: int, _before: Embeddings, _after: Embeddings) -> list[Projected]:
    """The picture that is there at once."""
    return project_together([_before, _after], Recipe.of(PCA, dimensions=dimensions))


def _plot(compared: Compared, groups: ShownGroups, color: str, chosen: int | None) -> Plot:
    source, names = compared.source, compared.pair.names
    near = () if chosen is None else change(compared.before, compared.after, chosen, NEAR).after
    return Plot(
        content=compared.content,
        texts=source.texts.texts,
        layouts=tuple(
            Layout(step, name, points)
            for step, name, points in zip(("before", "after"), names, compared.points, strict=True)
        ),
        shown="after",
        color=Numbers(compared.changed.moved, 0, max(0.1, float(compared.changed.moved.max())), _("changed neighbours"))
        if color == "moved"
        else Classes(groups.of, groups.names, _("label") if groups.are_labels else _("group")),
        chosen=chosen,
        neighbours=near,
        trails=compared.most[:TRAILS],
        steps=True,
    )


def _alt(compared: Compared) -> str:
    before, after = compared.pair.names
    return _(
        "Map of {n} texts under {before} and under {after}, in one frame. The list beside it has what moved."
    ).format(n=len(compared.source), before=before, after=after)


def _chosen(compared: Compared) -> int | None:
    """The text that was chosen last; before any choice the one that moved most."""
    of, row = st.session_state.get(f"{KEY}-chosen", ("", None))
    if of == compared.content:
        return row if row is None or row < len(compared.source) else None
    return next(iter(compared.most), None)


def _take_touch(compared: Compared) -> None:
    touch = touched(KEY, compared.content, len(compared.source))
    if touch.latest == "chosen":
        st.session_state[f"{KEY}-chosen"] = (compared.content, touch.chosen)


def _list(compared: Compared, chosen: int | None) -> None:
    """The texts that moved most; a click looks at one."""
    listed = compared.most[: LISTED // 2 if projector.is_on() else LISTED]
    if not listed:
        st.info(_("No text's neighbours have changed."), icon=":material/check:")
        return
    key = f"{KEY}-list-{compared.content}"
    st.session_state[key] = chosen if chosen in listed else None

    def take() -> None:
        st.session_state[f"{KEY}-chosen"] = (compared.content, st.session_state[key])

    texts, moved = compared.source.texts.texts, compared.changed.moved
    st.radio(
        _("Moved most, with the share of their {k} nearest neighbours that changed").format(
            k=min(measure.NEIGHBOURS, len(texts) - 1)
        ),
        listed,
        index=None,
        format_func=lambda row: plain(f"{moved[row]:.0%} · {shortened(texts[row], ONE_LINE)}"),
        key=key,
        on_change=take,
    )


def _neighbours(compared: Compared, row: int) -> None:
    """The nearest of one text on both sides, with both cosines; those that are among the nearest on a side are bold."""
    texts = compared.source.texts.texts
    found = change(compared.before, compared.after, row, NEAR)
    rows = list(dict.fromkeys(other for other, _cosine in (*found.before, *found.after)))
    of_before, of_after = (_cosines(side, row, rows) for side in (compared.before, compared.after))
    near_before, near_after = ({other for other, _cosine in side} for side in (found.before, found.after))
    st.header(_("Neighbours of “{text}”").format(text=plain(shortened(texts[row], LONGEST))), anchor=False)
    st.table(
        {
            _("first model"): [
                _cell(cosine, other in near_before) for other, cosine in zip(rows, of_before, strict=True)
            ],
            _("second model"): [
                _cell(cosine, other in near_after) for other, cosine in zip(rows, of_after, strict=True)
            ],
            _("text"): [plain(shortened(texts[other], LONGEST)) for other in rows],
        },
        hide_index=True,
    )
    st.caption(_("Bold: among the {k} nearest on that side.").format(k=min(NEAR, len(texts) - 1)))


def _cosines(embeddings: Embeddings, row: int, others: list[int]) -> list[float]:
    return [float(cosine) for cosine in embeddings[others].astype(np.float64) @ embeddings[row].astype(np.float64)]


def _cell(cosine: float, is_near: bool) -> str:
    return f"**{cosine:.2f}**" if is_near else f"{cosine:.2f}"

"""The view Map: all texts as points, with what a click, a search and a selection ask for."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.meaning.projection import projections
from ui.frame import errors
from ui.frame.stage import Stage
from ui.frame.translation import _
from ui.map import (
    actions,
    coloring,
    details,
    finding,
    grouping,
    lists,
    placing,
    projected,
    recipes,
    run_map,
    searching,
    table,
    take_away,
)
from ui.map import marks as map_marks
from ui.map.coloring import Coloring
from ui.map.grouping import Named
from ui.map.marks import Marks, Mask, OwnLabels
from ui.map.plot import Classes, Layout, Numbers, Plot
from ui.map.plot import plot as draw
from ui.map.plot.view import touched
from ui.map.projected import Layouts
from ui.map.recipes import PCA, Choice
from ui.map.searching import Query
from ui.map.source import MapSource
from ui.shared.names import label_name

KEY = "map-points"
_TOUCHED = "map-touched-at"


@dataclass(frozen=True, eq=False)
class Seen:
    """What the page knows of the texts in this run of it."""

    source: MapSource
    marks: Marks
    own: OwnLabels
    labels: tuple[str, ...] | None
    """(N,) the label of each text, given here or brought along."""


def show(source: MapSource, places: Stage) -> None:
    """Draw the map into its places."""
    texts = source.texts
    marks, own = map_marks.of(texts.key, len(texts)), map_marks.own_labels(texts.root)
    seen = Seen(source, marks, own, own.of(texts))
    is_labelled = seen.labels is not None
    run_map.begin(texts)
    take_in(marks, source.content)
    with places.controls:
        is_pca_shown = recipes.switch(is_labelled)
        color = coloring.choose(texts, is_labelled=is_labelled)
        method_box = st.popover(_("Method"), icon=":material/tune:", key="map-method-box")
        with method_box:
            choice = Choice(recipes.settings(is_labelled=is_labelled), is_pca_shown)
    with places.rail:
        query = _query(source)
        selected_box, chosen_box, lists_box = (st.container(gap="xsmall") for _box in range(3))
    found = None
    with places.rail, errors.user_errors():
        found = searching.found(query, texts)
    with lists_box, errors.user_errors():
        named = grouping.named(source, marks)
    layouts = projected.layouts(source, choice, seen.labels)
    if not is_pca_shown:
        run_map.keep_first(source, choice.recipe, layouts.result)
    with selected_box, errors.user_errors():
        colors = _color(seen, color, query, named)
    plot = _plot(seen, choice, layouts, named, query, found, colors)
    with places.figure:
        draw(plot, key=KEY, alt=finding.alt(source, choice, layouts, coloring.title(color.name)))
    with places.finding:
        st.markdown(finding.in_words(source, layouts, choice, named))
        projected.wait(layouts, source, choice)
    if layouts.result is not None and layouts.result.quality is not None:
        method_box.caption(finding.figures(layouts.result.quality))
    with selected_box, errors.user_errors():
        if found is not None:
            _offer_selection(_("{n} texts found; they are ringed."), found, marks, key="map-select-found")
        placing.say(query, source, choice, plot.placed, plot.shown)
        actions.show(texts, marks, own)
    with chosen_box:
        details.show(source, marks, None if plot.unsure is None or marks.chosen is None else plot.unsure[marks.chosen])
    with lists_box, errors.user_errors():
        lists.show(source, marks, named)
    with places.controls.popover(_("Save"), icon=":material/download:", key="map-save"), errors.user_errors():
        shown = choice.recipe if layouts.method is not None else choice.pca
        run_map.offer(source, shown, layouts.result)
        take_away.show(source, plot, shown, actions.columns_of(texts, own))
    with places.below, errors.user_errors():
        table.show(texts, marks, own, found, named)


def take_in(marks: Marks, content: str) -> None:
    """Take in what was last done on the map, once."""
    touch = touched(KEY, content, marks.count)
    if not touch.latest or st.session_state.get(_TOUCHED) == (content, touch.at):
        return
    st.session_state[_TOUCHED] = (content, touch.at)
    if touch.latest == "chosen":
        marks.chosen = touch.chosen
    else:
        marks.selection = touch.selection


def _query(source: MapSource) -> Query:
    with errors.user_errors():
        return searching.choose(source.texts)
    return Query("", searching.WORDS)


def _color(seen: Seen, color: Coloring, query: Query, named: Named | None) -> Classes | Numbers | None:
    source = seen.source
    match color.name:
        case coloring.NONE:
            return None
        case coloring.GIVEN:
            shown = partial(label_name, is_bundled=source.texts.is_bundled)
            return coloring.of_cells(seen.labels, _("label"), shown) if seen.labels is not None else None
        case coloring.GROUP:
            return None if named is None else coloring.of_groups(named.grouping.groups.of, named.names)
        case coloring.LENGTH:
            return coloring.of_lengths(source.texts.texts)
        case coloring.QUERY:
            row = searching.embedded(query, source)
            if row is None:
                st.caption(_("Type a sentence into the box: the colours show how close each text is to it."))
                return None
            return coloring.of_cosines(source.embeddings @ row, query.text)
        case coloring.SUSPECT:
            return _suspects(seen)
    return coloring.of_cells(source.texts.columns[color.column], color.column)


def _suspects(seen: Seen) -> Classes | None:
    if seen.labels is None:
        return None
    rows = tuple(row for row, label in enumerate(seen.labels) if label)
    with errors.user_errors():
        found = grouping.suspects(seen.source, tuple(seen.labels[row] for row in rows), rows)
        if found is not None:
            color = coloring.of_suspects(found, np.array(rows), len(seen.source))
            doubted = np.asarray(color.values) == 0
            _offer_selection(_("{n} labels are in doubt."), doubted, seen.marks, key="map-select-doubted")
            return color
    return None


def _offer_selection(about: str, mask: Mask, marks: Marks, *, key: str) -> None:
    """How many texts something is true of, and a button that selects them."""
    count = int(mask.sum())
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(about.format(n=f"{count:,}"))
        if count:
            st.button(_("Select them"), key=key, on_click=marks.select, args=(mask,))


def _plot(
    seen: Seen,
    choice: Choice,
    layouts: Layouts,
    named: Named | None,
    query: Query,
    found: Mask | None,
    color: Classes | Numbers | None,
) -> Plot:
    source, marks = seen.source, seen.marks
    drawn = [Layout(PCA, projections[PCA].title, layouts.pca)]
    if layouts.method is not None:
        drawn.append(Layout(choice.recipe.method, projections[choice.recipe.method].title, layouts.method))
    quality = layouts.result.quality if layouts.result is not None else None
    unsure: NDArray[np.float32] | None = None if quality is None else quality.kept
    return Plot(
        content=source.content,
        texts=source.texts.texts,
        layouts=tuple(drawn),
        shown=drawn[-1].name,
        color=color,
        unsure=unsure,
        groups=None if named is None else named.grouping.groups.of,
        group_names=() if named is None else named.names,
        chosen=marks.chosen,
        neighbours=() if marks.chosen is None else details.neighbours(source, marks.chosen),
        selection=marks.selection,
        found=found,
        left_out=marks.hidden if marks.left_out else None,
        placed=placing.placed(query, source, choice, layouts),
        title=source.texts.name,
        labels={} if seen.labels is None else {_("label"): seen.labels},
    )

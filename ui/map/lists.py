"""The lists of the rail: groups by their names, odd ones out, and texts that say nearly the same."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from ui.frame import address
from ui.frame.errors import plain
from ui.frame.translation import N_, _, language
from ui.map import computing, listed
from ui.map.grouping import WORKER, Named
from ui.map.marks import Marks
from ui.map.source import MapSource
from ui.shared import work

NAME = "map-list"
GROUPS, OUTLIERS, REPEATS = "groups", "outliers", "repeats"
LISTS = {GROUPS: N_("Groups"), OUTLIERS: N_("Outliers"), REPEATS: N_("Duplicates")}
THRESHOLD = 0.9
LONGEST_NAME = 60


def show(source: MapSource, marks: Marks, named: Named | None) -> None:
    """One of the lists.

    Args:
        source: what is mapped.
        marks: what a click on a list changes.
        named: the groups; None while they are being found.
    """
    key, keep = address.widget(NAME, list(LISTS), GROUPS, language=language())
    chosen = st.segmented_control(
        _("List"),
        list(LISTS),
        format_func=lambda name: _(LISTS[name]),
        required=True,
        key=key,
        on_change=keep,
        label_visibility="collapsed",
    )
    if chosen == REPEATS:
        _repeats(source, marks)
    elif named is not None:
        _odd_ones(source, marks, named) if chosen == OUTLIERS else _groups(source, marks, named)


def _groups(source: MapSource, marks: Marks, named: Named) -> None:
    groups = named.grouping.groups
    in_none = int((groups.of < 0).sum())
    if not groups.count:
        st.caption(_("No groups: the texts are equally dense everywhere."))
        return
    st.caption(
        _("Found in the original space, not on the map. {n} of {total} texts are in none.").format(
            n=f"{in_none:,}", total=f"{len(source):,}"
        )
    )
    rows: list[tuple[str, Callable[[], None]]] = [
        (f"{plain(name)} · {size:,}", partial(_select_group, marks, named, group))
        for group, (name, size) in enumerate(zip(named.names, groups.sizes, strict=True))
    ]
    if in_none:
        rows.append((f"{_('in none')} · {in_none:,}", partial(_select_group, marks, named, -1)))
    listed.buttons(rows, key=f"groups-{source.texts.key}", at_first=12)
    group = _selected_group(marks, named)
    if group is not None:
        _one_group(source, marks, named, group)


def _select_group(marks: Marks, named: Named, group: int) -> None:
    marks.select(named.grouping.groups.rows(group))


def _selected_group(marks: Marks, named: Named) -> int | None:
    """The group that is selected as a whole."""
    if marks.selection is None:
        return None
    groups = named.grouping.groups.of
    rows = marks.selection.nonzero()[0]
    group = int(groups[rows[0]])
    return group if group >= 0 and bool(((groups == group) == marks.selection).all()) else None


def _one_group(source: MapSource, marks: Marks, named: Named, group: int) -> None:
    about = named.grouping.names[group]
    if about.keywords:
        st.caption(_("Its words: {words}").format(words=plain(", ".join(about.keywords))))
    st.caption(_("Its most central text: {text}").format(text=listed.short(source.texts.texts[about.central], 200)))
    key = f"map-group-name-{source.content[:12]}-{group}"

    def rename() -> None:
        name = " ".join(st.session_state[key].split())[:LONGEST_NAME]
        marks.group_names.pop(group, None)
        if name and name != about.title:
            marks.group_names[group] = name

    st.session_state[key] = named.names[group]
    st.text_input(_("Name of this group"), key=key, on_change=rename, max_chars=LONGEST_NAME)


def _odd_ones(source: MapSource, marks: Marks, named: Named) -> None:
    st.caption(_("Far from everything: the mean cosine with the nearest in the original space."))
    rows: list[tuple[str, Callable[[], None]]] = [
        (f"{cosine:.2f} · {listed.short(source.texts.texts[row])}", partial(_choose, marks, row))
        for row, cosine in named.grouping.outliers
    ]
    listed.buttons(rows, key=f"odd-{source.texts.key}")


def _choose(marks: Marks, row: int) -> None:
    marks.chosen = row


def _repeats(source: MapSource, marks: Marks) -> None:
    threshold = st.select_slider(
        _("Cosine from which two texts count as near duplicates"),
        [0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0],
        value=THRESHOLD,
        key="map-repeats-from",
    )
    found = work.result(
        WORKER,
        repr((source.content, threshold)),
        _("Comparing every pair"),
        computing.near_duplicates,
        source.texts.texts,
        source.embeddings,
        threshold - 1e-6,
    )
    if found is None:
        return
    if not found.clusters:
        st.caption(_("No two texts are that close."))
        return
    st.caption(_("Groups of near duplicates: {n}. A click selects one.").format(n=f"{len(found.clusters):,}"))
    rows: list[tuple[str, Callable[[], None]]] = [
        (f"{len(cluster)} × {listed.short(source.texts.texts[cluster[0]])}", partial(marks.select, cluster))
        for cluster in found.clusters[:200]
    ]
    listed.buttons(rows, key=f"repeats-{source.texts.key}-{threshold}")

"""What can be done with the selected texts: label them, leave them out, compare them, take them away."""

import json

import numpy as np
import streamlit as st

from simcse_core.data.cells import in_one_line
from simcse_core.data.writers import to_csv
from ui.frame import address, page
from ui.frame.errors import plain
from ui.frame.translation import _, language
from ui.map import marks as map_marks
from ui.map.marks import Marks, OwnLabels
from ui.map.source import LABEL, MapTexts
from ui.shared import data_choice
from ui.shared.data_choice import Upload
from ui.shared.inputs import SENTENCES
from ui.shared.typing_area import put

MOST_COMPARED = 300
"""Texts that the page Similarity gets: its heatmap stays readable."""
LONGEST_LABEL = 200


def show(texts: MapTexts, marks: Marks, labels: OwnLabels) -> None:
    """The actions, while something is selected; below them what was done, with a way back."""
    count = len(marks.selected)
    if count:
        with st.container(border=True, gap="xsmall", key="map-selection"):
            st.markdown(_("**{n}** of {total} texts selected").format(n=f"{count:,}", total=f"{len(texts):,}"))
            with st.container(horizontal=True, gap="xsmall"):
                _label(texts, marks, labels)
                st.button(
                    _("Leave out"), icon=":material/visibility_off:", key="map-leave-out", on_click=marks.leave_out
                )
                _compare(texts, marks)
                _download(texts, marks, labels)
                st.button(_("Clear"), icon=":material/close:", key="map-clear", on_click=marks.select, args=(None,))
    _left_out(texts, marks)
    _labelled(texts, labels)


def _label(texts: MapTexts, marks: Marks, labels: OwnLabels) -> None:
    with st.popover(_("Give a label"), icon=":material/label:", key=f"map-label-{len(labels.steps)}"):
        given = labels.of(texts) or ()
        names = sorted({name for name in given if name})[:500]
        with st.form("map-label-form", border=False):
            label = st.selectbox(
                _("Label for the selected texts"),
                names,
                index=None,
                placeholder=_("Choose one, or type a new one"),
                accept_new_options=True,
                format_func=plain,
                key=f"map-label-name-{language()}",
            )
            given_now = st.form_submit_button(_("Give it to {n} texts").format(n=len(marks.selected)))
        if given_now and label and label.strip():
            labels.give([texts.texts[row] for row in marks.selected], " ".join(label.split())[:LONGEST_LABEL])
            st.rerun()


def _compare(texts: MapTexts, marks: Marks) -> None:
    count = len(marks.selected)
    if st.button(
        _("Open in Similarity"),
        icon=":material/grid_on:",
        key="map-compare",
        disabled=count > MOST_COMPARED,
        help=_("Up to {n} texts.").format(n=MOST_COMPARED),
    ):
        put(SENTENCES, "\n".join(in_one_line(texts.texts[row]) for row in marks.selected))
        st.switch_page(page.PAGES["similarity"].path, query_params={"language": language()})


def _download(texts: MapTexts, marks: Marks, labels: OwnLabels) -> None:
    st.download_button(
        _("CSV"),
        lambda: csv(texts, marks, labels).encode("utf-8-sig"),
        "selected.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="map-selected-csv",
        help=_("The selected texts with all columns."),
    )


def csv(texts: MapTexts, marks: Marks, labels: OwnLabels) -> str:
    """The selected texts with all columns, safe to open in a spreadsheet."""
    columns = columns_of(texts, labels)
    rows = ([texts.texts[row], *(cells[row] for cells in columns.values())] for row in marks.selected)
    return to_csv(["text", *columns], rows)


def columns_of(texts: MapTexts, labels: OwnLabels) -> dict[str, tuple[str, ...]]:
    """The columns beside the texts; the labels that were given here stand in the column of labels."""
    of_texts = labels.of(texts)
    return {**({LABEL: of_texts} if of_texts is not None else {}), **dict(_others(texts))}


def _others(texts: MapTexts) -> list[tuple[str, tuple[str, ...]]]:
    return [(name, cells) for name, cells in texts.columns.items() if name != LABEL]


def _left_out(texts: MapTexts, marks: Marks) -> None:
    steps = map_marks.removed(texts.root)
    hidden, gone = int(marks.hidden.sum()), sum(map(len, steps))
    if not hidden and not gone:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="map-left-out"):
        if hidden:
            st.caption(_("{n} texts are left out.").format(n=hidden))
            st.button(_("Undo"), icon=":material/undo:", key="map-undo", on_click=marks.undo)
            st.button(
                _("New map without them"),
                icon=":material/refresh:",
                key="map-anew",
                on_click=_anew,
                args=(texts, marks),
            )
        else:
            st.caption(_("The map is made without {n} texts.").format(n=gone))
            st.button(_("Undo"), icon=":material/undo:", key="map-undo-anew", on_click=_back, args=(steps,))


def _back(steps: list[tuple[int, ...]]) -> None:
    steps.pop()


def _anew(texts: MapTexts, marks: Marks) -> None:
    """Make the map of the texts that are left; the rows are those of the source."""
    left = np.arange(len(texts)) if texts.source_rows is None else texts.source_rows
    map_marks.removed(texts.root).append(tuple(int(left[row]) for rows in marks.left_out for row in rows))
    marks.left_out.clear()


def _labelled(texts: MapTexts, labels: OwnLabels) -> None:
    if not labels.labels:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="map-own-labels"):
        st.caption(_("{n} labels given here.").format(n=len(labels.labels)))
        st.button(_("Undo"), icon=":material/undo:", key="map-undo-label", on_click=labels.undo)
        with st.popover(_("Use them"), icon=":material/arrow_forward:", key="map-use-labels"):
            _hand_on(texts, labels)


def _hand_on(texts: MapTexts, labels: OwnLabels) -> None:
    """Buttons that open other pages with the labels, those that the texts came with among them."""
    enough = len({name for name in labels.of(texts) or () if name}) > 1
    needs = None if enough else _("Needs labels of two classes.")
    if st.button(_("Go on labelling"), icon=":material/label:", key="map-to-labelling", width="stretch"):
        data_choice.hand_over("classify-own", as_file(texts, labels, all_texts=True))
        _open("classify", **{"classify-view": "label"})
    if st.button(
        _("See the classifier"),
        icon=":material/category:",
        key="map-to-classify",
        disabled=not enough,
        help=needs,
        width="stretch",
    ):
        data_choice.hand_over("classify", as_file(texts, labels))
        _open("classify", **{"classify-view": "result"})
    if st.button(
        _("Train with them"),
        icon=":material/model_training:",
        key="map-to-training",
        disabled=not enough,
        help=needs,
        width="stretch",
    ):
        data_choice.hand_over("training", as_file(texts, labels))
        _open("training")


def _open(name: str, **parameters: str) -> None:
    for parameter, value in parameters.items():
        address.put(parameter, value)
    st.switch_page(page.PAGES[name].path, query_params={"language": language(), **parameters})


def as_file(texts: MapTexts, labels: OwnLabels, *, all_texts: bool = False) -> Upload:
    """The labelled texts as a file for another page, letter for letter; with `all_texts` also those without a label."""
    of_texts = labels.of(texts) or ()
    rows = [
        {"text": text, "label": label} for text, label in zip(texts.texts, of_texts, strict=True) if label or all_texts
    ]
    content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode("utf-8", "replace")
    return Upload(content, "labelled.jsonl", data_choice.hash_of(content))

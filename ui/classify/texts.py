"""Texts in the rail with their labels, each of which can be corrected in place."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from ui.classify import corrections
from ui.classify.corrections import Corrections
from ui.classify.data import written
from ui.frame.errors import plain
from ui.frame.translation import _, language
from ui.shared.names import label_name

if TYPE_CHECKING:
    from simcse_core.uses.classification import Results

AT_FIRST = 8
"""So many texts are listed before somebody asks for more."""
WIDEST = 400
"""Letters of a text that are shown."""


def show(
    results: "Results",
    rows: Sequence[int],
    *,
    data_key: str,
    originals: Sequence[str],
    list_key: str,
    keep: bool = False,
) -> None:
    """A list of texts.

    Args:
        results: which they are of.
        rows: their positions.
        data_key: of the data that the corrections are of.
        originals: the labels that the data came with.
        list_key: of the list; another one begins with few texts again.
        keep: whether a text can be marked as right as it is.
    """
    more = f"classify-more-{list_key}"
    most = AT_FIRST * (1 + st.session_state.get(more, 0))
    of_data = corrections.of(data_key)
    for row in rows[:most]:
        with st.container(border=True, gap="xxsmall", key=f"classify-row-{row}"):
            _row(results, row, of_data, data_key, originals[row], keep=keep)
    if len(rows) > most:

        def show_more() -> None:
            st.session_state[more] = st.session_state.get(more, 0) + 1

        left = len(rows) - most
        st.button(_("Show more ({n} left)").format(n=left), key=f"{more}-button", on_click=show_more, type="tertiary")


def _row(results: "Results", row: int, of_data: Corrections, data_key: str, original: str, *, keep: bool) -> None:
    text = results.texts[row]
    st.markdown(plain(text if len(text) <= WIDEST else f"{text[:WIDEST]}…"))
    label = written(results.labels[row])
    said = f"→ **{plain(label_name(results.classes[results.predicted[row]]))}** {results.confidence[row]:.0%}"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if results.several:
            st.caption(f"{plain(label_name(label))} {said}")
            return
        _label_box(results, row, of_data, data_key, original)
        st.caption(said)
        if keep:
            st.button(
                _("Keep"),
                key=f"classify-keep-{data_key}-{row}",
                on_click=of_data.keep,
                args=(row,),
                help=_("The label is correct."),
            )
            st.button(
                _("Accept"),
                key=f"classify-accept-{data_key}-{row}",
                on_click=of_data.correct,
                args=(row, results.classes[results.predicted[row]], original),
                help=_("Use the predicted label."),
            )


def _label_box(results: "Results", row: int, of_data: Corrections, data_key: str, original: str) -> None:
    """The label as it is or as it was corrected; choosing another one corrects it."""
    key = f"classify-label-{language()}-{data_key}-{row}"
    st.session_state[key] = of_data.labels.get(row, original)

    def correct() -> None:
        of_data.correct(row, st.session_state[key], original)

    st.selectbox(
        _("Label of “{text}”").format(text=plain(results.texts[row][:40])),
        sorted({*results.names, st.session_state[key]}),
        format_func=lambda name: plain(label_name(name)),
        key=key,
        on_change=correct,
        label_visibility="collapsed",
        width=140,
    )


def corrections_bar(data_key: str, download: str) -> None:
    """How many labels were corrected, and what to do with them.

    Args:
        data_key: of the data that they are of.
        download: the data with all corrections, as CSV.
    """
    of_data = corrections.of(data_key)
    if not of_data.labels and not of_data.pending:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="classify-corrections-bar"):
        if of_data.pending:
            st.button(
                _("Recompute with {n} corrections").format(n=len(of_data.labels)),
                type="primary",
                icon=":material/refresh:",
                key="classify-again",
                on_click=of_data.apply,
            )
        else:
            st.caption(
                _(
                    "{n} corrections are in these results. They were made where the classifier disagreed, so its "
                    "accuracy now looks better than it is."
                ).format(n=len(of_data.labels))
            )
        if of_data.labels:
            st.button(_("Undo"), icon=":material/undo:", key="classify-undo", on_click=of_data.undo)
        st.download_button(
            _("Download"),
            download.encode("utf-8-sig"),
            "corrected.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="classify-corrected",
            help=_("All texts with their corrected labels."),
        )

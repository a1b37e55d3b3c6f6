"""How a heatmap is shown: order, colour range, threshold. None of them changes a number."""

import streamlit as st

from simcse_core.meaning.similarity import Matrix, Summary, pairs_above
from ui.frame import address
from ui.frame.translation import N_, _, joined, language
from ui.shared import cache, color_range
from ui.shared.heatmap import View
from ui.shared.matrix.colors import CosineColors

ORDERS = {"typed": N_("As typed"), "cluster": N_("By cluster")}
RANGES = {
    "fixed": N_("From -1 to 1"),
    "unrelated": N_("From unrelated sentences to 1"),
    "stretched": N_("Stretched to these sentences"),
}
NO_THRESHOLD = -100
_THRESHOLDS = range(NO_THRESHOLD, 100, 5)


def choose(similarity: Matrix, summary: Summary, *, content: str, unrelated: float | None) -> View:
    """Ask for order, range and threshold behind one button; beside them stands what they do to the picture.

    Args:
        similarity: (N, N) of the sentences on the page.
        summary: of the matrix.
        content: a key for the sentences and the encoder's settings.
        unrelated: the middle of the cosines of unrelated sentences; None where the model cannot read them.
    """
    with st.popover(_("Order and colours"), icon=":material/palette:"):
        key, keep = address.widget("order", list(ORDERS), "typed", language=language())
        order = st.segmented_control(
            _("Order"), list(ORDERS), format_func=lambda name: _(ORDERS[name]), required=True, key=key, on_change=keep
        )
        if order == "cluster":
            st.caption(_("Close sentences stand together; each keeps the number of its line."))
        colors = _colors(summary, unrelated)
    by_cluster = cache.order_by_cluster(content, similarity) if order == "cluster" else None
    return View(order=by_cluster, colors=colors)


def in_words(view: View, similarity: Matrix) -> str:
    """What the colours mean where they are not those from -1 to 1, and what a threshold leaves; "" for neither."""
    colors = view.colors
    if colors.threshold is not None:
        n = len(similarity)
        threshold = _("Grey: below {threshold:.2f}. {above:,} of {pairs:,} pairs reach it.").format(
            threshold=colors.threshold, above=pairs_above(similarity, colors.threshold), pairs=n * (n - 1) // 2
        )
    else:
        threshold = ""
    meaning = ""
    if colors.white:
        meaning = color_range.in_words(colors)
    elif colors.sequential:
        meaning = _(
            "The colours are stretched from {low:.2f} to {high:.2f}: no colour no longer means 0, and pictures "
            "with other sentences cannot be compared by colour."
        ).format(low=colors.low, high=colors.high)
    return joined(threshold, meaning)


def _colors(summary: Summary, unrelated: float | None) -> CosineColors:
    offered = [name for name in RANGES if name != "unrelated" or unrelated is not None]
    default = "unrelated" if color_range.is_crowded(unrelated) else "fixed"
    key, keep = address.widget("range", offered, default, language=language())
    choice = st.radio(_("Colour range"), offered, format_func=lambda name: _(RANGES[name]), key=key, on_change=keep)
    key, keep = address.widget("threshold", list(_THRESHOLDS), NO_THRESHOLD, language=language())
    percent = st.select_slider(
        _("Grey out what is below"), list(_THRESHOLDS), format_func=_threshold_name, key=key, on_change=keep
    )
    threshold = None if percent == NO_THRESHOLD else percent / 100
    low, high = summary.farthest.similarity, summary.closest.similarity
    if choice == "unrelated":
        return color_range.from_unrelated(unrelated or 0.0, threshold)
    if choice == "fixed":
        return CosineColors(threshold=threshold)
    if high - low < 1e-3:
        st.caption(_("All pairs are equally close: there is nothing to stretch."))
        return CosineColors(threshold=threshold)
    return CosineColors(max(low, -1.0), min(high, 1.0), threshold, sequential=True)


def _threshold_name(percent: int) -> str:
    return _("nothing") if percent == NO_THRESHOLD else f"{percent / 100:.2f}"

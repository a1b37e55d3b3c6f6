"""What stands beside the arrows: what the colours mean, where the numbers come from, and where to go on."""

from collections.abc import Sequence

import streamlit as st

from simcse_core.encoding.cards import CATALOGUE
from ui.frame.errors import plain
from ui.frame.translation import _, joined, language
from ui.shared import cache, color_range
from ui.shared.matrix.colors import CosineColors
from ui.shared.stored import StoredHeatmap
from ui.start import sentences
from ui.start.sentences import Shown


def colors(look: StoredHeatmap) -> CosineColors:
    """White at 0, or at unrelated sentences by a model that puts them close to each other."""
    return color_range.side_by_side([look.unrelated])[0]


def dimensions(look: StoredHeatmap) -> int:
    """Of the model's embeddings."""
    dim = CATALOGUE[look.model].dim
    assert dim is not None  # of every model that a language begins with
    return dim


def about(look: StoredHeatmap, shown: Shown, texts: Sequence[str], colors: CosineColors) -> None:
    """Words and links under the heatmap."""
    if shown.is_waiting:
        st.markdown(
            _("Your sentences are compared as soon as the model is there; until then the stored ones are shown.")
        )
        cache.until_loaded(look.model)
    with st.container(horizontal=True, key="start-own"):
        sentences.offer_samples(look.texts, texts)
        st.page_link(
            "pages/similarity.py",
            label=_("Try it with your own sentences"),
            icon=":material/edit:",
            query_params={"language": language()},
        )
    st.caption(
        joined(
            _("Point at a cell to see its two arrows; click it to edit its sentences."),
            color_range.in_words(colors),
            _("Cosines by {model}.").format(model=plain(CATALOGUE[look.model].title)),
        )
    )

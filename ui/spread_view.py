"""Why is everything 0.9? The cosines of the page beside those of sentences that have nothing to do with each other."""

import streamlit as st

from simcse_core.encoding.catalogue import CATALOGUE
from simcse_core.meaning.similarity import Background, Matrix, histogram, mean_off_diagonal
from ui import address, cache, charts_of_pairs, projector
from ui.translation import _, language

NARROW_FROM = 0.5
"""From this mean of unrelated pairs on, a high cosine means nothing by itself."""


def show(similarity: Matrix, settings: cache.EncoderSettings) -> None:
    """A histogram and what to read from it.

    Args:
        similarity: (N, N) of the page.
        settings: of the encoder.
    """
    background = cache.background(settings, language(), language())
    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    with left:
        projector.chart(
            charts_of_pairs.spread(
                background,
                own=histogram(similarity),
                names=(_("unrelated sentences"), _("your pairs")),
                axes=(_("cosine"), _("% of pairs")),
            ),
            key="spread",
            alt=_(
                "How often which cosine occurs: your pairs have {own:.2f} on average, unrelated ones {mean:.2f}."
            ).format(own=mean_off_diagonal(similarity), mean=background.mean),
        )
    with right:
        first, second = st.columns(2)
        first.metric(_("Your pairs, mean"), f"{mean_off_diagonal(similarity):.2f}")
        second.metric(_("Unrelated, mean"), f"{background.mean:.2f}")
        st.markdown(_why(background))
        if background.mean < NARROW_FROM and CATALOGUE[settings.model].layers == 6:
            st.button(_("Show me where everything is 0.9"), on_click=_untuned, icon=":material/visibility:")


def _why(background: Background) -> str:
    if background.mean >= NARROW_FROM:
        return _(
            "**Why is everything so close?** With these settings all vectors point in nearly the same direction: "
            "sentences that have nothing to do with each other already get **{mean:.2f}**. Only the differences count. "
            "Above **{most:.2f}** a pair is closer than 95 % of the unrelated ones."
        ).format(mean=background.mean, most=background.at(95))
    return _(
        "Sentences that have nothing to do with each other get **{mean:.2f}** on average, and 95 % of them stay below "
        "**{most:.2f}**. So here a cosine can be read as it stands. In a BERT that nobody has trained for "
        "similarity, or "
        "in its lower layers, everything is near 1."
    ).format(mean=background.mean, most=background.at(95))


def _untuned() -> None:
    """Layer 5 with [CLS]: the vectors of a BERT before anybody has pulled sentences apart."""
    address.put("layer", 5)
    address.put("pooling", "cls")

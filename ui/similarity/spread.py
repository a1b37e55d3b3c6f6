"""Why is everything 0.9? The cosines of the page beside those of sentences that have nothing to do with each other."""

from collections.abc import Sequence

import streamlit as st

from simcse_core.data.language import language_of
from simcse_core.meaning.similarity import Background, Matrix, histogram, mean_off_diagonal
from ui.frame import address, projector
from ui.frame.translation import _
from ui.shared import cache, models
from ui.similarity import pair_charts


def show(texts: Sequence[str], similarity: Matrix, settings: cache.EncoderSettings) -> None:
    """A histogram and what to read from it.

    Args:
        texts: N sentences.
        similarity: (N, N) of the page.
        settings: of the encoder.
    """
    language = language_of(texts)
    background = cache.background(settings, language, language)
    if background is None:
        st.info(_("The model cannot read these sentences, so there is nothing to compare them with."))
        return
    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    with left:
        projector.chart(
            pair_charts.spread(
                background,
                page_pairs=histogram(similarity, bins=80),
                names=(_("unrelated sentences"), _("your pairs")),
                axis=_("cosine"),
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
        card = models.card(settings.model)
        if card.crowded_at is not None:
            if not background.is_crowded:
                st.button(
                    _("Show me where everything is 0.9"),
                    on_click=_choose,
                    args=card.crowded_at,
                    icon=":material/visibility:",
                )
            else:
                st.button(
                    _("Back to the model's own output"),
                    on_click=_choose,
                    args=(card.layers, card.pooling),
                    icon=":material/undo:",
                )


def _why(background: Background) -> str:
    if background.is_crowded:
        return _(
            "**Why is everything so close?** With these settings all embeddings point in nearly the same direction: "
            "sentences that have nothing to do with each other already get **{mean:.2f}**. Only the differences count. "
            "Above **{most:.2f}** a pair is closer than 95 % of the unrelated ones."
        ).format(mean=background.mean, most=background.cosine_at(95))
    return _(
        "Sentences that have nothing to do with each other get **{mean:.2f}** on average, and 95 % of them stay below "
        "**{most:.2f}**. So here a cosine can be read as it stands. In a BERT that nobody has trained for "
        "similarity, and in lower layers, unrelated sentences already get 0.6 to 1."
    ).format(mean=background.mean, most=background.cosine_at(95))


def _choose(layer: int, pooling: str) -> None:
    address.put("layer", layer)
    address.put("pooling", pooling)

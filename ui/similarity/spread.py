"""Why is everything 0.9? The cosines of the page beside those of sentences that have nothing to do with each other."""

from collections.abc import Sequence

import streamlit as st

from simcse_core.data.language import language_of
from simcse_core.encoding.catalogue import CATALOGUE, ModelCard, is_here
from simcse_core.meaning.similarity import Background, Matrix, histogram, mean_off_diagonal
from ui.frame import address, projector
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.shared import cache, models
from ui.similarity import pair, pair_charts


def show(texts: Sequence[str], similarity: Matrix, settings: cache.EncoderSettings) -> None:
    """A histogram and what to read from it, in the rail beside the heatmap.

    Args:
        texts: N sentences.
        similarity: (N, N) of the page.
        settings: of the encoder.
    """
    language = language_of(texts)
    background = cache.background(settings, language, language)
    if background is None:
        st.info(_("The model cannot read these sentences, so there is nothing to compare them with."))
        pair.use_reader(settings.model, key="spread-reader")
        return
    st.markdown(_why(background, settings))
    _offer_examples(background, settings)
    projector.chart(
        pair_charts.spread(
            background,
            page_pairs=histogram(similarity, bins=80),
            names=(_("unrelated sentences"), _("your pairs")),
            axis=_("cosine"),
        ),
        key="spread",
        alt=_("How often which cosine occurs: your pairs have {own:.2f} on average, unrelated ones {mean:.2f}.").format(
            own=mean_off_diagonal(similarity), mean=background.mean
        ),
    )


def finding(texts: Sequence[str], similarity: Matrix, settings: cache.EncoderSettings) -> str | None:
    """The mean cosine here beside that of unrelated sentences; None where the model cannot read them."""
    language = language_of(texts)
    background = cache.background(settings, language, language)
    if background is None:
        return None
    return _("The mean cosine of your pairs is **{own:.2f}**, that of unrelated sentences **{mean:.2f}**.").format(
        own=mean_off_diagonal(similarity), mean=background.mean
    )


def _offer_examples(background: Background, settings: cache.EncoderSettings) -> None:
    """Buttons that show where unrelated sentences are close, and the way back."""
    card = models.card(settings.model)
    if card.crowded_at is not None:
        shows = _is_as_it_comes(settings) or not background.is_crowded
        st.button(
            _("Show me where everything is 0.9") if shows else _("Back to the model's own output"),
            type="primary",
            on_click=_choose,
            args=card.crowded_at if shows else (card.layers, card.pooling),
            icon=":material/visibility:" if shows else ":material/undo:",
        )
    example = _good_and_crowded()
    if example is not None and example.name != card.name:
        st.button(
            _("See it on {model}").format(model=plain(example.title)),
            on_click=_choose,
            args=(example.layers, example.pooling, example.name),
            icon=":material/swap_horiz:",
        )


def _good_and_crowded() -> ModelCard | None:
    """A good model whose cosines are all high, and which needs no network."""
    cards = (card for card in CATALOGUE.values() if card.temperature is not None and card.package)
    return next((card for card in cards if is_here(card.name)), None)


def _is_as_it_comes(settings: cache.EncoderSettings) -> bool:
    return settings == cache.EncoderSettings(settings.model)


def _why(background: Background, settings: cache.EncoderSettings) -> str:
    card = models.card(settings.model)
    if background.is_crowded and card.temperature is not None and _is_as_it_comes(settings):
        return _(
            "**A good model can look like this.** {model} was trained with the temperature {temperature}: differences "
            "of a few hundredths were enough to tell the right text from all others, so nothing pushed unrelated "
            "sentences towards 0. They get **{mean:.2f}**. The number alone says nothing; order and percentile do: "
            "above **{most:.2f}** a pair is closer than 95 % of the unrelated ones."
        ).format(
            model=plain(card.title), temperature=card.temperature, mean=background.mean, most=background.cosine_at(95)
        )
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


def _choose(layer: int, pooling: str, model: str | None = None) -> None:
    """Set the encoder, and the fixed colours, in which it is seen that everything is close."""
    if model is not None:
        address.put("model", model)
    address.put("layer", layer)
    address.put("pooling", pooling)
    address.put("range", "fixed")

"""Two models, layers or poolings side by side on the same sentences, with the difference."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from simcse_core.data.language import language_of
from simcse_core.encoding.catalogue import reads_most, with_layers
from simcse_core.meaning.similarity import Matrix, cosine_similarity, summarise
from ui.frame import waiting
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import _
from ui.shared import cache, color_range, heatmap, inputs, models
from ui.shared.heatmap import View
from ui.shared.matrix.colors import CosineColors
from ui.shared.names import pooling_name, prompt_name
from ui.similarity import reading

HEIGHT = 560
"""Pixels that a picture may have; its column is narrower."""
MOST_SENTENCES = 1_000
"""Three larger matrices would keep the browser waiting."""
LAYERS_LESS = 3
"""The second encoder starts so far below the last layer, so that there is a difference to see."""


def show(texts: Sequence[str], similarity: Matrix, settings: cache.EncoderSettings, view: View, places: Stage) -> None:
    """Ask for the second encoder in the rail, and show both matrices and their difference in the figure's place.

    Args:
        texts: N sentences.
        similarity: (N, N) of the first encoder.
        settings: of the first encoder.
        view: order of the sentences.
        places: figure and finding.
    """
    st.subheader(_("The second encoder"), anchor=False)
    # A frozen model is compared with one that has layers; any other with itself, some layers below.
    frozen = models.card(settings.model).is_frozen
    second_settings = reading.choose(
        "b-", _with_layers(texts) if frozen else settings.model, 0 if frozen else LAYERS_LESS
    )
    if second_settings == settings:
        places.figure.info(_("Both are the same. Choose another model, layer or pooling for the second one."))
        return
    if len(texts) > MOST_SENTENCES:
        st.caption(_("Of the first {n:,} sentences.").format(n=MOST_SENTENCES))
        texts, similarity, view = (
            texts[:MOST_SENTENCES],
            similarity[:MOST_SENTENCES, :MOST_SENTENCES],
            View(colors=view.colors),
        )
    inputs.warn_about(list(texts), second_settings)
    with places.finding, waiting.progress_bar(_("Reading the sentences with the second encoder")) as report:
        second = cosine_similarity(cache.embeddings(texts, second_settings, report))
    difference = second - similarity
    reach = min(max(0.1, float(np.abs(difference).max(initial=0))), 1.0)
    first_colors, second_colors = _scales(texts, (settings, second_settings), view.colors)
    pictures = (
        (name(settings), similarity, first_colors),
        (name(second_settings), second, second_colors),
        (_("Second minus first"), difference.clip(-1, 1), CosineColors(-reach, reach)),
    )
    columns = places.figure.columns(3, gap="small")
    for index, (column, (title, matrix, colors)) in enumerate(zip(columns, pictures, strict=True)):
        with column:
            with st.container(key=f"beside-title-{index}"):
                st.markdown(f"**{plain(title)}**")
            heatmap.figure(
                matrix,
                texts,
                key=f"beside-{index}",
                view=View(view.order, colors),
                height=HEIGHT,
                labels=False,
                small=True,
                alt=None if index < 2 else _in_words(difference),
            )
    places.finding.markdown(_in_words(difference))
    st.caption(
        _(
            "In the difference purple cells are closer in the second encoder, orange ones farther apart; its "
            "colours reach from -{reach:.2f} to {reach:.2f}."
        ).format(reach=reach)
    )
    if len(texts) <= heatmap.TABLE_UP_TO:
        with st.expander(_("The differences as numbers"), icon=":material/table:"):
            heatmap.numbers(difference, texts)


def _with_layers(texts: Sequence[str]) -> str:
    """A model that has layers and reads the texts."""
    card = with_layers()
    return card.name if card.multilingual or language_of(texts) == "en" else reads_most().name


def _scales(
    texts: Sequence[str], pictures: Sequence[cache.EncoderSettings], of_page: CosineColors
) -> list[CosineColors]:
    """White means the same in both: 0, or each encoder's unrelated sentences where the page's picture has them."""
    if not of_page.white:
        return [CosineColors(threshold=of_page.threshold) for _picture in pictures]
    middles = (cache.unrelated(texts, settings) for settings in pictures)
    return [color_range.from_unrelated(middle or 0.0, of_page.threshold) for middle in middles]


def name(settings: cache.EncoderSettings) -> str:
    """An encoder in a few words."""
    card = models.card(settings.model)
    parts = [card.title]
    if not card.is_frozen:
        parts.append(_("layer {layer}").format(layer=card.layers if settings.layer is None else settings.layer))
        parts.append(pooling_name(settings.pooling or card.pooling or ""))
    if settings.head is not None:
        parts.append(_("{head} head").format(head=settings.head))
    if settings.prompt is not None:
        parts.append(prompt_name(settings.prompt))
    if settings.dim is not None:
        parts.append(_("{n} dimensions").format(n=settings.dim))
    return " · ".join(parts)


def _in_words(difference: Matrix) -> str:
    if len(difference) < 2:
        return ""
    extremes = summarise(difference)
    up, down = extremes.closest, extremes.farthest
    return _("The difference is highest for {a} and {b}, {up:+.2f}, and lowest for {c} and {d}, {down:+.2f}.").format(
        a=up.first + 1, b=up.second + 1, up=up.similarity, c=down.first + 1, d=down.second + 1, down=down.similarity
    )

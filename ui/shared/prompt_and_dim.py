"""The prompt and the length of embeddings: what several pages ask for beside layer and pooling."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from simcse_core.encoding.cards import ModelCard
from simcse_core.encoding.prompts import names_two
from simcse_core.uses.search.encoders import BOTH
from ui.frame import address
from ui.frame.translation import _, language
from ui.shared.cache import EncoderSettings

SIZES = (16, 32, 64, 128, 256, 512)
"""Lengths that are offered where an embedding is longer."""
NONE, TEXT = "none", "text"
"""Beside the names of a model's prompts; a prompt of such a name cannot be chosen on a page."""
PAIR = BOTH
"""One prompt for queries or questions, and another for what answers them."""


def choose(
    card: ModelCard, place: DeltaGenerator, prefix: str = "", *, pair: bool = False, starts_with_pair: bool = False
) -> tuple[str | None, int | None]:
    """Asks for both; folded away where the model names no prompts and nothing of it is set.

    Args:
        card: of the model.
        place: where it goes.
        prefix: of the settings' names in the address.
        pair: whether one prompt for questions and another for answers can be chosen.
        starts_with_pair: whether a model that has both, and uses none by itself, starts with them, as in a search.

    Returns:
        Prompt and dimensions as `SimCSE.configured` takes them; None is what the model does by itself.
    """
    if card.is_frozen:
        return None, _dim(card, place, prefix)
    is_set = any(
        address.choice_of(name) is not None or name in st.query_params for name in (f"{prefix}prompt", f"{prefix}dim")
    )
    title = _("Prompt and dimensions")
    box: DeltaGenerator = place if card.prompts.names or is_set else place.popover(title, width="stretch")
    return _prompt(card, box, prefix, pair=pair, starts_with_pair=starts_with_pair), _dim(card, box, prefix)


def sides(settings: EncoderSettings) -> tuple[EncoderSettings, EncoderSettings]:
    """An encoder as it reads queries, and as it reads what answers them."""
    if settings.prompt is None or not names_two(settings.prompt):
        return settings, settings
    query, document = (replace(settings, prompt=name) for name in settings.prompt.split(","))
    return query, document


def _prompt(card: ModelCard, place: DeltaGenerator, prefix: str, *, pair: bool, starts_with_pair: bool) -> str | None:
    names = [name for name in card.prompts.names if name not in (NONE, TEXT)]
    pairs = [PAIR] if (pair or starts_with_pair) and card.prompts.pair(PAIR) is not None else []
    by_itself = next((name for name in names if name == card.prompts.default), NONE)
    default = PAIR if starts_with_pair and pairs and by_itself == NONE else by_itself
    key, keep = address.widget(f"{prefix}prompt", [NONE, *names, *pairs, TEXT], default, language=language())
    choice = place.selectbox(
        _("Prompt"),
        [NONE, *names, *pairs, TEXT],
        format_func=_titles(card),
        key=key,
        on_change=keep,
        help=_(
            "Put before each text. Models for search are often trained with one prompt for questions and another for "
            "answers; to compare sentences, give all of them the same one, or none."
        ),
    )
    without = None if by_itself == NONE and default != PAIR else ""  # what starts with two is told that it has none
    if choice == by_itself:
        return without if choice == NONE else None
    if choice == TEXT:
        key, keep = address.text_widget(f"{prefix}prompt-text")
        text: str = place.text_input(
            _("Text of the prompt"),
            key=key,
            on_change=keep,
            placeholder="query: ",
            max_chars=1_000,
            help=_("A prompt in Latin letters gets a space at its end if it has none."),
        )
        if text.strip():
            return text if text[-1].isspace() or not text.isascii() else f"{text} "
        return without
    return without if choice == NONE else choice


def _titles(card: ModelCard) -> Callable[[str], str]:
    def title(name: str) -> str:
        if name == NONE:
            return _("none")
        if name == TEXT:
            return _("a text of my own")
        if name == PAIR:
            return _("query for questions, document for answers")
        text = card.prompts.texts[name]
        return f"{name}: “{text[:24]}{'…' if len(text) > 24 else ''}”"

    return title


def _dim(card: ModelCard, place: DeltaGenerator, prefix: str) -> int | None:
    if card.dim is None:
        return None
    default = min(card.most_dims or card.dim, card.dim)
    sizes = sorted({*(size for size in SIZES if size < card.dim), default, card.dim})
    key, keep = address.widget(f"{prefix}dim", sizes, default, language=language())
    dim = place.selectbox(
        _("Dimensions"),
        sizes,
        format_func=lambda size: _("{n} (all)").format(n=size) if size == card.dim else str(size),
        key=key,
        on_change=keep,
        help=_(
            "Keeps only the first dimensions of each embedding, scaled to length 1 again. Shorter embeddings take less "
            "memory and are faster to search; training with Matryoshka dimensions is meant for this."
        ),
    )
    return None if dim == default else dim

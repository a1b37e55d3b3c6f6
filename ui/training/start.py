"""Where a training starts: a model, a layer of it, a finished run, or a new model with random weights."""

from dataclasses import dataclass

import streamlit as st

from simcse_core.encoding.scratch import SIZES
from ui.frame import address
from ui.frame.translation import N_, _, language
from ui.shared import inputs, models, prompt_and_dim
from ui.shared.races import chain
from ui.shared.races.words import SIZE_TITLES
from ui.training.presets import Preset

KINDS = {"model": N_("a model"), "new": N_("a new model")}


@dataclass(frozen=True)
class Start:
    """Where a training starts."""

    model: str
    layer: int | None
    """Layers above it are removed; None keeps all layers."""
    layers: int | None
    """How many there are to train; None for a frozen model."""
    base: str
    """The model of the catalogue that reads the texts; empty for a new one."""
    prompt: str | None = None
    dim: int | None = None
    is_lower: bool = False
    """Whether it begins below the last layer, so that every loss has room to show what it does."""

    @property
    def is_new(self) -> bool:
        return self.model in SIZES


def choose(preset: Preset) -> Start:
    """Asks for the model, its layer, its prompt and the length of its embeddings.

    Args:
        preset: the layer that it begins with.

    Raises:
        UserError: the run that a link names is gone.
    """
    key, keep = address.widget("race-start", list(KINDS), "model", language=language())
    kind = st.segmented_control(
        _("Start from"), list(KINDS), format_func=lambda one: _(KINDS[one]), required=True, key=key, on_change=keep
    )
    if kind == "new":
        key, keep = address.widget("race-size", list(SIZES), "scratch-tiny", language=language())
        size = st.selectbox(
            _("Size"), list(SIZES), format_func=lambda name: _(SIZE_TITLES[name]), key=key, on_change=keep
        )
        st.caption(_("It begins with random weights and makes its vocabulary from your texts."))
        return Start(size, None, SIZES[size].layers, "")
    card = inputs.model_choice("race-model")
    base = models.base_of(card.name)
    if card.layers is None:
        st.caption(_("It is frozen: a linear layer on its embeddings is trained."))
        _prompt, dim = prompt_and_dim.choose(card, st.container(), "race-")
        return Start(card.name, None, None, base, dim=dim)
    is_run = bool(chain.stages_of(card.name))
    layer = card.layers
    if card.layers > 1:
        layer = st.slider(
            _("Start from layer"),
            1,
            card.layers,
            min(preset.layer or card.layers, card.layers),
            key=f"race-layer-{card.name}{preset.suffix}",
            help=_(
                "The last layer is the model as it comes, where a training for use begins. From a lower one, such as "
                "3, every loss has more room to show what it does, but may end below the model as it comes."
            ),
        )
    # A run goes on with the model as it is; of a model of the catalogue the chosen layer is always named.
    layer_named = None if is_run and layer == card.layers else layer
    prompt, dim = prompt_and_dim.choose(card, st.container(), "race-", pair=True)
    return Start(
        card.name, layer_named, layer, "" if base in SIZES else base, prompt, dim, is_lower=layer < card.layers
    )

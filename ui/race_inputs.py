"""Everything that is chosen before a race: where it starts, what is trained, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from simcse_core.data.kinds import Dataset, Labelled
from simcse_core.data.splits import split_labelled
from simcse_core.encoding.catalogue import CATALOGUE
from simcse_core.learning.losses import losses
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.runs.config import RunConfig
from simcse_core.runs.store import keep_data
from ui import cache, defaults, inputs
from ui.translation import N_, _, language

SETTING_NAMES = {
    "epochs": N_("Epochs"),
    "batch_size": N_("Batch size"),
    "learning_rate": N_("Learning rate"),
    "head_learning_rate": N_("Learning rate"),
    "seed": N_("Seed"),
}


@dataclass(frozen=True)
class RacePlan:
    """What a race will do."""

    source: "str | inputs.Upload"
    model: str
    layer: int | None
    settings: TrainingSettings
    losses: list[str]

    def config(self) -> RunConfig:
        """As runs keep it; an upload is stored now.

        Raises:
            RunError: there is no place to store it.
        """
        kept = self.source if isinstance(self.source, str) else str(keep_data(self.source.content, self.source.name))
        return RunConfig(data=kept, model=self.model, layer=self.layer, settings=self.settings)


def race_plan(data: Dataset, source: "str | inputs.Upload") -> RacePlan | None:
    """Ask for everything; None while something is missing.

    Args:
        data: what was chosen.
        source: where it comes from; an upload is kept when the race starts.

    Raises:
        DataError: nothing of the data can be held out.
    """
    if not isinstance(data, Labelled):
        st.error(_("Racing losses needs labelled texts: a table with the columns text and label."))
        return None
    train, dev = split_labelled(data)
    st.caption(
        _("{n} texts in {classes} classes: {train} to learn from, {dev} held out to measure.").format(
            n=len(data), classes=len(data.classes), train=len(train), dev=len(dev)
        )
    )
    model = inputs.model_choice("race")
    layer = _layer(model)
    chosen = st.pills(_("Losses"), losses.names(), selection_mode="multi", default=losses.names(), key="race-losses")
    for name in chosen:
        st.caption(f"**{name}** · {_(losses[name].summary)}")
    with st.expander(_("More settings"), icon=":material/tune:"):
        settings = _settings(layer)
    if not chosen:
        st.info(_("Choose at least one loss."))
        return None
    if cache.is_loaded(model):  # what cannot be read cannot be learned; the first paint does not wait for it
        inputs.warn_about(list(data.text), model)
    return RacePlan(source, model, layer, settings, list(chosen))


def _layer(model: str) -> int | None:
    layers = CATALOGUE[model].layers
    if layers is None:
        st.caption(_("This model is frozen: a linear layer on its vectors is trained."))
        return None
    return st.slider(
        _("Start from layer"),
        1,
        layers,
        defaults.RACE_LAYER,
        key="race-layer",
        help=_("The last layer already knows most; from a lower one every loss has room to show what it does."),
    )


def _settings(layer: int | None) -> TrainingSettings:
    tunable = {"head": _("a linear layer")}
    if layer is not None:
        tunable = {
            f"top:{layer}": _("all layers, not the word embeddings"),
            "top:1": _("the last layer only"),
            "head": _("a linear layer on each token"),
            "all": _("everything"),
        }
    tune = st.selectbox(_("What is trained"), list(tunable), format_func=tunable.__getitem__, key=f"race-tune-{layer}")
    start = defaults.race_config(language()).settings
    rate = "head_learning_rate" if tune == "head" else "learning_rate"
    names = ("epochs", "batch_size", rate, "seed")
    return training_settings({"tune": tune, **{name: _number(name, getattr(start, name)) for name in names}})


def _number(name: str, value: int | float) -> int | float:
    """A widget for a training setting; range and explanation come from the setting itself."""
    field = TrainingSettings.model_fields[name]
    bounds: dict[str, Any] = {}
    for mark in field.metadata:
        for side in ("ge", "gt", "le"):
            bounds[side] = getattr(mark, side, bounds.get(side))
    kind: Callable[[Any], int | float] = type(value)
    is_rate = isinstance(value, float)
    return st.number_input(
        _(SETTING_NAMES[name]),
        min_value=kind(bounds["ge"] if bounds["ge"] is not None else 1e-8),
        max_value=1.0 if is_rate else kind(bounds["le"]),
        value=value,
        step=value / 2 if is_rate else 1,
        format="%.1e" if is_rate else None,
        key=f"race-{name}-{language()}",
        help=_(field.description) if field.description else None,
    )

"""Everything that is chosen before a race: where it starts, what is trained, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from simcse_core.data.kinds import Dataset, Labelled, kind_of, texts_of
from simcse_core.data.lint import lint
from simcse_core.data.splits import split
from simcse_core.encoding.catalogue import ModelCard
from simcse_core.learning.checks import losses_for, trainable
from simcse_core.learning.losses import losses
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.runs.config import RunConfig
from simcse_core.runs.store import keep_data
from ui import cache, defaults, inputs
from ui.data_choice import ChosenData
from ui.page import plain
from ui.translation import N_, _, language

SETTING_NAMES = {
    "epochs": N_("Epochs"),
    "batch_size": N_("Batch size"),
    "learning_rate": N_("Learning rate"),
    "head_learning_rate": N_("Learning rate"),
    "seed": N_("Seed"),
}

FEW_HELD_OUT = 30
"""With fewer held-out texts the intervals are so wide that a race shows little."""


@dataclass(frozen=True)
class RacePlan:
    """What a race will do."""

    chosen: ChosenData
    model: str
    layer: int | None
    settings: TrainingSettings
    losses: list[str]

    def config(self) -> RunConfig:
        """As runs keep it; an upload is stored now.

        Raises:
            RunError: there is no place to store it.
        """
        source = self.chosen.source
        return RunConfig(
            data=source if isinstance(source, str) else str(keep_data(source.content, source.name)),
            columns=self.chosen.columns,
            model=self.model,
            layer=self.layer,
            settings=self.settings,
        )


def start_button(chosen_data: ChosenData, *, busy: bool) -> RacePlan | None:
    """Ask for everything; a plan when the button is pressed, else None.

    Args:
        chosen_data: what to learn from; an upload is kept when the race starts.
        busy: a race is on this page; another one would push it from the screen.

    Raises:
        DataError: losses cannot learn from this data, or nothing of it can be held out.
    """
    data = chosen_data.data
    can_learn = [name for name in losses_for(data) if name in losses.names()]
    train, dev = split(trainable(data, can_learn[0]))
    st.caption(_summary(data, train, dev))
    if len(dev) < FEW_HELD_OUT:
        st.warning(_("So few held-out texts say little: expect wide ranges and no winner."))
    card = inputs.model_choice("race-model")
    if cache.is_loaded(card.name):  # what cannot be read cannot be learned; the first paint does not wait for it
        inputs.warn_about(list(dict.fromkeys(texts_of(data))), card.name)
    _show_findings(train, dev)
    layer = _layer(card)
    chosen = st.pills(
        _("Losses"),
        can_learn,
        selection_mode="multi",
        default=defaults.race_losses(data),
        key=f"race-losses-{kind_of(data)}",
        wrap=True,
    )
    pressed = st.button(_("Start the race"), icon=":material/flag:", disabled=busy or not chosen, width="stretch")
    if busy:
        st.caption(_("A race is running. Cancel it, or wait until it has ended."))
    with st.expander(_("What the losses reward"), icon=":material/help:"):
        for name in can_learn:
            st.markdown(f"**{name}** · {_(losses[name].summary)}")
    with st.expander(_("More settings"), icon=":material/tune:"):
        settings = _settings(layer)
    return RacePlan(chosen_data, card.name, layer, settings, list(chosen)) if pressed else None


def _summary(data: Dataset, train: Dataset, dev: Dataset) -> str:
    if isinstance(data, Labelled):
        return _("Texts: {n}, classes: {classes}. {train} to learn from, {dev} held out to measure.").format(
            n=len(data), classes=len(data.classes), train=len(train), dev=len(dev)
        )
    return _("Rows: {n}. {train} to learn from, {dev} held out to measure; no text is on both sides.").format(
        n=len(data), train=len(train), dev=len(dev)
    )


def _show_findings(train: Dataset, dev: Dataset) -> None:
    """What the linter has to say about the data, the grave things in the open."""
    findings = lint(train, dev=dev)
    for finding in findings:
        if finding.severity != "info":
            st.warning(plain(_(finding.template).format(**finding.values)), icon=":material/rule:")
    folded = [finding for finding in findings if finding.severity == "info"]
    if folded:
        with st.expander(_("Good to know about this data"), icon=":material/rule:"):
            for finding in folded:
                st.markdown(plain(_(finding.template).format(**finding.values)))


def _layer(card: ModelCard) -> int | None:
    if card.layers is None:
        st.caption(_("It is frozen: a linear layer on its vectors is trained."))
        return None
    return st.slider(
        _("Start from layer"),
        1,
        card.layers,
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
    tune = st.selectbox(
        _("What is trained"), list(tunable), format_func=tunable.__getitem__, key=f"race-tune-{layer}-{language()}"
    )
    start = defaults.race_config("zh_CN" if layer is None else "en").settings
    rate = "head_learning_rate" if tune == "head" else "learning_rate"
    names = ("epochs", "batch_size", rate, "seed")
    return training_settings({"tune": tune, **{name: _number(name, getattr(start, name), layer) for name in names}})


def _number(name: str, value: int | float, layer: int | None) -> int | float:
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
        key=f"race-{name}-{'frozen' if layer is None else 'bert'}",
        help=_(field.description) if field.description else None,
    )

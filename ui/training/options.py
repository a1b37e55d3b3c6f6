"""Widgets for how a model is trained; range and explanation of each come from the setting itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from simcse_core.learning.settings import TrainingSettings, objective, training_settings
from simcse_core.option_fields import option_fields
from ui.frame.translation import N_, _, language
from ui.shared import defaults, option_widgets
from ui.shared.races.words import tuned
from ui.training.presets import Preset
from ui.training.start import Start

SETTINGS = {field.name: field for field in option_fields(TrainingSettings)}
NAMES = {
    "epochs": N_("Epochs"),
    "seconds": N_("Seconds for each training"),
    "batch_size": N_("Batch size"),
    "learning_rate": N_("Learning rate"),
    "head_learning_rate": N_("Learning rate of what starts from scratch"),
    "seed": N_("Seed"),
}
BUDGETS = {"epochs": N_("epochs"), "seconds": N_("seconds")}
MOST_EPOCHS = 1_000
"""Beside a budget in seconds, which ends sooner."""
SECONDS = 20.0
KEPT_WEIGHTS = {"best": N_("the best on held-out data"), "last": N_("those of the last step")}
DEFAULTS = N_("no loss: all keep their defaults")


def tune_choice(start: Start, preset: Preset) -> str:
    """How much of the model is trained."""
    if start.layers is None:
        return "head"
    every = f"top:{start.layers}"
    options = ["all", every] if start.is_new else [every]
    options += [f"top:{some}" for some in (3, 2, 1) if some < start.layers]
    options += ["head"] if start.is_new else ["head", "all"]
    named = {every: _("all layers, not the word embeddings"), "head": _("a linear layer on each token")}
    first = preset.tune or _usual(start).tune
    return st.selectbox(
        _("What is trained"),
        options,
        0 if start.is_new or first not in options else options.index(first),
        format_func=lambda option: named.get(option) or tuned(option),
        key=f"race-tune-{start.layers}-{start.is_new}-{language()}{preset.suffix}",
    )


def budget(start: Start, preset: Preset) -> dict[str, Any]:
    """How long each training takes: in epochs, or in seconds."""
    unit = st.segmented_control(
        _("Budget of each training"),
        list(BUDGETS),
        format_func=lambda name: _(BUDGETS[name]),
        default="epochs",
        required=True,
        key=f"race-budget-{language()}",
    )
    if unit == "seconds":
        return {"seconds": _number("seconds", SECONDS, start), "epochs": MOST_EPOCHS}
    return {"epochs": _number("epochs", preset.epochs or _usual(start).epochs, start, preset.suffix)}


def more(start: Start, tune: str) -> dict[str, Any]:
    """The settings that are seldom changed."""
    usual = _usual(start)
    rates = ["head_learning_rate"] if tune == "head" else ["learning_rate", "head_learning_rate"]
    numbers = {name: _number(name, getattr(usual, name), start) for name in ("batch_size", *rates, "seed")}
    matryoshka = SETTINGS["matryoshka"]
    dims = st.text_input(
        _("Matryoshka dimensions"),
        key="race-matryoshka",
        placeholder="384,192,96,48",
        help=_(matryoshka.explanation),
    )
    return {**numbers, matryoshka.name: dims.strip() or None}


def of_a_loss(names: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Options of one of the losses; the others keep their defaults.

    Returns:
        The loss, and the options that differ from its defaults.
    """
    with_options = [name for name in names if objective(name).fields]
    if not with_options:
        return (names[0] if names else "cross_entropy"), {}
    loss = st.selectbox(
        _("Options of"),
        [DEFAULTS, *with_options],
        format_func=lambda name: _(name) if name == DEFAULTS else name,
        key=f"race-options-of-{language()}",
    )
    if loss == DEFAULTS or loss not in with_options:
        return names[0], {}
    fields = objective(loss).fields
    values = [option_widgets.typed(field, f"race-option-{loss}-{field.name}") for field in fields]
    return loss, {field.name: value for field, value in zip(fields, values, strict=True) if value != field.default}


def of_one_training(names: Sequence[str], seeds: int) -> dict[str, Any]:
    """Settings against over-fitting, where one loss is trained once.

    With several losses or seeds nothing is asked: a race judges each after its last step, else luck would win.
    """
    if len(names) != 1 or seeds != 1:
        return {"keep": "last"}
    keep = st.segmented_control(
        _("Which weights are kept"),
        list(KEPT_WEIGHTS),
        format_func=lambda name: _(KEPT_WEIGHTS[name]),
        default="best",
        required=True,
        key=f"race-keep-{language()}",
    )
    patience = option_widgets.number(SETTINGS["patience"], "race-patience", label=_("Patience"), value=5)
    st.caption(_("The weights that are best on the held-out data look a little better there than they are."))
    return {"keep": keep, "patience": patience}


def checked(values: Mapping[str, object]) -> TrainingSettings:
    """The settings of a race.

    Raises:
        OptionError: a setting is out of range.
    """
    return training_settings(values)


def _usual(start: Start) -> TrainingSettings:
    """What a race has by default."""
    return defaults.settings(frozen=start.layers is None, from_lower_layer=start.is_lower)


def _number(name: str, value: int | float, start: Start, suffix: str = "") -> int | float:
    """A widget for a training setting."""
    of_start = "frozen" if start.layers is None else "lower" if start.is_lower else "whole"
    key = f"race-{name}-{of_start}{suffix}"
    return option_widgets.number(SETTINGS[name], key, label=_(NAMES[name]), value=value, is_rate=name.endswith("rate"))

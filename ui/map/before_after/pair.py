"""Which two encoders are compared: a model and a run, or any two."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from simcse_core.data import bundled
from simcse_core.encoding.catalogue import CATALOGUE, is_here
from simcse_core.errors import UserError
from simcse_core.home import RUN_ID
from simcse_core.plain import shortened
from simcse_core.runs import store
from simcse_core.runs.config import data_hash
from ui.frame import address, users
from ui.frame.errors import plain
from ui.frame.translation import _, language
from ui.map.source import MapSource, MapTexts
from ui.shared import inputs, models
from ui.shared.cache import EncoderSettings

PREFIX = "before-"
"""Of the other encoder's settings in the address."""
LONGEST = 18
LAYERS_LESS = 3
"""Where there is nothing else to compare a model with, it is compared with itself so far below its last layer."""


@dataclass(frozen=True)
class Pair:
    """Two encoders in their order: a run stands behind what is no run."""

    before: EncoderSettings
    after: EncoderSettings

    @property
    def names(self) -> tuple[str, str]:
        """Different ones, plain text."""
        first, second = name_of(self.before), name_of(self.after)
        return (first, second) if first != second else (f"{first} (1)", f"{second} (2)")


def choose(source: MapSource) -> Pair:
    """The encoder of the page and another one, which is asked for.

    Raises:
        UserError: the texts came with vectors of their own, so no second encoder has read them.
    """
    if source.texts.vectors is not None or source.settings is None:
        raise UserError(
            "Before and after needs two models that read the texts; these came with vectors of their own. Choose "
            "other texts."
        )
    first = start(source.settings.model, source.texts.run)
    name = address.remembered(f"{PREFIX}model", models.names([st.query_params.get(f"{PREFIX}model"), first]), first)
    with st.popover(plain(shortened(models.title(name), LONGEST)), icon=":material/compare_arrows:", key="map-before"):
        st.caption(_("The model to compare with"))
        is_same = name == source.settings.model
        other = inputs.encoder_settings(PREFIX, model=first, layers_less=LAYERS_LESS if is_same else 0)
    return in_order(source.settings, other)


def start(model: str, run_of_texts: str = "") -> str:
    """What a model is compared with first: a run with the model it began with, a model with a run, else with another.

    Args:
        model: of the page.
        run_of_texts: id of the run whose data are shown; "" where they are nobody's.
    """
    if RUN_ID.fullmatch(model):
        return models.base_of(model)
    runs = models.finished_runs(users.current())
    if run_of_texts and is_here(run_of_texts) and models.is_readable(run_of_texts):
        return run_of_texts
    return next(iter(runs), next((name for name in _others() if name != model), model))


def _others() -> list[str]:
    """Models on this machine that can read the language; not those that pages of other languages begin with."""
    cards = [card for card in CATALOGUE.values() if not card.default_for or language() in card.default_for]
    return [card.name for card in cards if is_here(card.name)]


def in_order(one: EncoderSettings, other: EncoderSettings) -> Pair:
    """A run comes second, and so does the higher layer of one model; else the encoder of the page comes first."""
    if RUN_ID.fullmatch(one.model) and not RUN_ID.fullmatch(other.model):
        return Pair(other, one)
    if one.model == other.model and other.layer is not None and (one.layer is None or other.layer < one.layer):
        return Pair(other, one)
    return Pair(one, other)


def has_learned_from(texts: MapTexts, encoder: EncoderSettings) -> bool:
    """Whether it is known that a run's training has read the texts that are shown: they are its data, or a bundled set.

    Args:
        texts: what is shown.
        encoder: perhaps a run.
    """
    if not RUN_ID.fullmatch(encoder.model):
        return False
    try:
        return encoder.model == texts.run or (texts.is_bundled and _hash(texts.name) == _data_of(encoder.model))
    except UserError:
        return False


@st.cache_data(max_entries=32, show_spinner=False)
def _hash(name: str) -> str:
    return data_hash(bundled.load(Path(name).stem))


def _data_of(run: str) -> str | None:
    return store.get(run).config.data_sha256


def name_of(encoder: EncoderSettings) -> str:
    """What an encoder is called: its model, and what differs from the model as it comes."""
    try:
        title = shortened(models.title(encoder.model), LONGEST)
    except UserError:
        title = encoder.model
    differs = [
        f"{name} {value}"
        for name, value in (
            (_("layer"), encoder.layer),
            (_("pooling"), encoder.pooling),
            (_("head"), encoder.head),
            (_("dimensions"), encoder.dim),
        )
        if value is not None
    ]
    return " · ".join([title, *differs])

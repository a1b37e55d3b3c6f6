"""Models that a page offers: those of the catalogue, and the runs that this browser has finished."""

from collections.abc import Sequence
from itertools import islice

import streamlit as st

from simcse_core.encoding.cards import CATALOGUE, ModelCard
from simcse_core.encoding.catalogue import is_here
from simcse_core.encoding.saved import card_of
from simcse_core.errors import UserError
from simcse_core.home import RUN_ID
from simcse_core.runs import index, store
from simcse_core.runs.run import Run
from ui.frame import users
from ui.frame.translation import N_, _
from ui.shared.races.words import data_name

OFFERED_RUNS = 30
"""The newest ones of this browser; others can be opened from the page Runs, or by their link."""

OF_RUN = N_("Trained here: {loss} on {data}.")


def names(requested: Sequence[str | None] = ()) -> list[str]:
    """What can be chosen: the catalogue, then finished runs, the newest first.

    A run whose folder is damaged is left out, so that it is in nobody's way.

    Args:
        requested: what a link or the session asks for; a finished run among them is offered too, whosever it is.
    """
    finished = finished_runs(users.current())
    readable = [name for name in requested if name and RUN_ID.fullmatch(name) and is_here(name) and is_readable(name)]
    return list(dict.fromkeys([*CATALOGUE, *readable, *finished]))


def card(name: str) -> ModelCard:
    """What a model is: of the catalogue, or a finished run.

    Raises:
        UserError: there is no such run, or it is damaged.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    run = store.get(name)
    config = run.config
    note = _(OF_RUN).format(loss=config.settings.loss, data=data_name(config.data))
    return card_of(run.model, name, title(name), languages=_languages(run), note=note)


def title(name: str) -> str:
    """What a model is called; one that has to be fetched first has an arrow, a run has a sign of its own."""
    if name in CATALOGUE:
        return CATALOGUE[name].title if is_here(name) else f"↓ {CATALOGUE[name].title}"
    try:
        return f"◆ {store.get(name).title_for(users.current())}"
    except UserError:
        return name


def base_of(name: str) -> str:
    """The model of the catalogue that a run's chain of trainings began with; the name itself elsewhere."""
    try:
        config = store.get(name).config
    except UserError:
        return name
    return config.stages[0].started_from if config.stages else config.model


def _languages(run: Run) -> str:
    base = base_of(run.id)
    return CATALOGUE[base].languages if base in CATALOGUE else ""


@st.cache_data(ttl=2.0, max_entries=200, show_spinner=False)
def finished_runs(user: str) -> list[str]:
    """The newest whose models are there; looked up every two seconds at most: 30 people type at once."""
    runs = (run.id for run in index.finished_of(user) if is_here(run.id) and is_readable(run.id))
    return list(islice(runs, OFFERED_RUNS))


@st.cache_data(ttl=10.0, max_entries=1_000, show_spinner=False)
def is_readable(name: str) -> bool:
    """Whether the files of a run can be read. Only damage changes a finished run; it shows within ten seconds."""
    try:
        run = store.get(name)
        return card_of(run.model, name, run.config.settings.loss).name == name
    except UserError:
        return False

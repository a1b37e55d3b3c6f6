"""The races of this browser, so that nobody loses one whose address is gone."""

import os
from dataclasses import dataclass
from functools import lru_cache

import streamlit as st

from simcse_core.errors import RunError
from simcse_core.learning.records import State
from simcse_core.runs import index
from simcse_core.runs import race as races
from simcse_core.runs.run import Run
from ui.frame.errors import plain
from ui.frame.page import PAGES
from ui.frame.translation import _, language
from ui.shared.local_time import local_time
from ui.shared.names import STATES
from ui.shared.races.words import data_name, start_name

LATEST = 8
LOOKED_AT = 60
"""So many of the newest runs are looked at; older ones are on the page Runs."""


@dataclass(frozen=True)
class Entry:
    """A race in the list."""

    race: str
    title: str
    """Losses, data and start."""
    states: tuple[State, ...]
    created: float
    """Seconds since the epoch; 0 is unknown."""


def show(user: str, current: str | None) -> None:
    """Links to the latest races; nothing for somebody who has none.

    Args:
        user: whose races.
        current: the one on the page.
    """
    latest = races_of(user)
    if not latest and not current:
        return
    with st.popover(_("Your races"), icon=":material/history:", key="your-races"):
        for entry in latest:
            _link(in_words(entry), entry.race, is_here=entry.race == current)
        _link(_("The recorded race"), None, is_here=current is None)


def in_words(entry: Entry) -> str:
    """What tells a race from the others: losses, data, start, when, and how far it is."""
    when = local_time(entry.created)
    said = [plain(entry.title), *([] if when is None else [f"{when:%m-%d %H:%M}"]), _state(entry)]
    return " · ".join(said)


def _link(label: str, race: str | None, *, is_here: bool) -> None:
    st.page_link(
        PAGES["training"].path,
        label=label,
        icon=":material/radio_button_checked:" if is_here else ":material/radio_button_unchecked:",
        query_params={"language": language()} | ({"race": race} if race else {}),
        disabled=is_here,
    )


def _state(entry: Entry) -> str:
    for state in (State.RUNNING, State.QUEUED, State.INTERRUPTED, State.FAILED, State.CANCELLED):
        if state in entry.states:
            return _(STATES[state])
    return _(STATES[State.FINISHED])


@st.cache_data(ttl=3.0, max_entries=200, show_spinner=False)
def races_of(user: str) -> list[Entry]:
    """The newest first; looked up every three seconds at most."""
    # The index may still have one that was removed a moment ago.
    mine = {run.id: run for run in index.runs_of(user)[:LOOKED_AT] if os.path.isdir(run.folder)}
    if not mine:
        return []
    of_race = {
        race: runs for race in races.all_races() if (runs := [mine[run] for run in _members(race) if run in mine])
    }
    newest = sorted(of_race.items(), key=lambda item: max(run.id for run in item[1]), reverse=True)
    return [
        Entry(race, _title(runs, user), tuple(run.status.state for run in runs), runs[0].about.created)
        for race, runs in newest[:LATEST]
    ]


@lru_cache(maxsize=10_000)
def _members(race: str) -> tuple[str, ...]:
    """Ids of a race's runs, some of which may be gone by now: none ever joins a race."""
    try:
        return tuple(run.id for run in races.runs(race))
    except RunError:
        return ()


def _title(runs: list[Run], user: str) -> str:
    try:
        configs = [run.config for run in runs]
    except RunError:
        return runs[0].id
    losses = ", ".join(dict.fromkeys(config.settings.loss for config in configs))
    data = runs[0].about.file_of(user) or data_name(configs[0].data)
    return f"{losses} · {data} · {start_name(configs[0])}"

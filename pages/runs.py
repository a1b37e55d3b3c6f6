"""Runs: look at what was trained here, compare it, export it, remove it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from simcse_core.errors import RunError
from simcse_core.learning.records import State
from simcse_core.runs import queue, store
from simcse_core.runs.run import Run
from ui.frame import errors, operators, page
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.runs import actions, compare, details, overview, suite


def existing(ids: Sequence[str]) -> list[Run]:
    """The runs of these ids; the page says which are gone."""
    runs, gone = [], []
    for run_id in ids:
        try:
            runs.append(store.get(run_id))
        except RunError:
            gone.append(run_id)
    if gone:
        st.info(_("No longer here: {runs}.").format(runs=plain(", ".join(gone))), icon=":material/delete:")
    return runs


@errors.user_errors()
def watch(states: Mapping[str, State]) -> None:
    """Draws the page anew when a run that is not over has changed its state."""
    queue.ensure_supervisor()
    if any(state_of(run) != state for run, state in states.items()):
        st.rerun()


def state_of(run_id: str) -> State | None:
    """How far a run is; None when it is gone."""
    try:
        return store.get(run_id).status.state
    except RunError:
        return None


page.begin("runs")
with errors.user_errors():
    looked = overview.choose(actions.bring_in)
    actions.say_problems()
    runs = existing(looked.selected)
    with errors.user_errors():
        if len(runs) == 1:
            details.show(runs[0])
        elif runs:
            compare.show(runs)
    with errors.user_errors():
        suite.show(runs)
    operators.switch()
    states = {**looked.states, **{run.id: run.status.state for run in runs}}
    busy = {run: state for run, state in states.items() if not state.is_over}
    if busy:
        st.fragment(watch, run_every=2.0)(busy)

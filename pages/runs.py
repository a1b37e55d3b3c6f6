"""Runs: look at what was trained here, compare it, export it, remove it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from simcse_core.errors import RunError
from simcse_core.learning.records import State
from simcse_core.runs import queue, store
from simcse_core.runs.run import Run
from ui.frame import errors, operators, stage
from ui.frame.errors import plain
from ui.frame.translation import _, joined
from ui.runs import actions, compare, details, overview, suite
from ui.shared.races import figures


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


places = stage.begin("runs")
with errors.user_errors():
    with places.controls:
        whose, wanted = overview.filters()
        actions.bring_in()
    looked = overview.listed(whose, wanted)
    with places.finding:
        actions.say_problems()
        ticked = existing(looked.selected)
    # Before anything is ticked, the latest race is there.
    latest = [store.get(run.id) for run in overview.groups(looked.runs)[0].runs] if looked.runs and not ticked else []
    shown = compare.whole(ticked or latest[: overview.MOST_CHOSEN])
    with places.rail:
        with errors.user_errors():
            if len(ticked) == 1:
                details.act(ticked[0])
            elif ticked:
                compare.act(ticked)
        if looked.runs:
            overview.choose(looked.runs)
    if shown:
        with places.controls:
            axis = figures.choose_axis("runs", label="collapsed")
        with places.figure, errors.user_errors():
            compare.figure(shown, axis)
        with places.finding, errors.user_errors():
            sentence, source = compare.finding(shown)
            st.markdown(sentence)
            st.caption(joined(_("Nothing is ticked, so the latest is shown.") if latest else "", source))
    elif not looked.runs:
        with places.figure:
            overview.say_nothing_is_there(looked, whose)
    with places.below:
        with errors.user_errors():
            if len(ticked) == 1:
                details.below(ticked[0])
            elif ticked:
                compare.below(ticked)
        with errors.user_errors():
            suite.show(ticked)
        if looked.runs:
            overview.table(looked.runs)
        operators.switch()
    states = {run.id: run.state for run in looked.runs} | {run.id: run.status.state for run in ticked}
    busy = {run: state for run, state in states.items() if not state.is_over}
    if busy:
        st.fragment(watch, run_every=2.0)(busy)

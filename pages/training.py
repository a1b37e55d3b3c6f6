"""Training: race losses on a small labelled data set and see which one is worth it."""

import streamlit as st

from simcse_core.runs import queue, race
from simcse_core.runs.store import get
from ui import comparison, inputs, page, race_inputs, race_view, stored
from ui.translation import _, language

page.begin("training")
left, right = st.columns([7, 4], gap="large")  # the race comes first on a phone too

with right, page.user_errors():
    data, source = inputs.data_set("training")
    plan = race_inputs.race_plan(data, source)
    if st.button(_("Start the race"), type="primary", icon=":material/flag:", disabled=plan is None) and plan:
        st.query_params["race"] = race.start(plan.config(), plan.losses)
        st.rerun()

chosen = st.query_params.get("race")


def recorded() -> None:
    """A finished race, there before anybody has started one."""
    finished = stored.race(language())
    with st.container(border=True):
        st.markdown(
            _("**A recorded race** on the bundled data, run on {cores} CPU cores under {system}.").format(
                cores=finished.cores, system=finished.system
            )
            + " "
            + _("Choose your own data and start a race of your own.")
        )
    race_view.curves(finished.outcomes, key="recorded")
    race_view.table(finished.outcomes)
    comparison.show_stored(finished)


@st.fragment(run_every=1.0)
def live(race_id: str) -> None:
    """Polls the run folders; the page is drawn anew, without polling, when all runs have ended."""
    queue.ensure_worker()  # after a restart of the machine, or when a worker was killed, the queue is still there
    outcomes = race.outcomes(race_id)
    if race_view.is_over(outcomes):
        st.rerun()
    race_view.progress(outcomes)
    if st.button(_("Cancel the race"), icon=":material/stop_circle:"):
        for outcome in outcomes:
            get(outcome.run).cancel()
    race_view.curves(outcomes, key=f"live-{race_id}")
    race_view.table(outcomes)


with left, page.user_errors():
    if not chosen:
        recorded()
    elif not race_view.is_over(outcomes := race.outcomes(chosen)):
        live(chosen)
    else:
        race_view.progress(outcomes)
        race_view.curves(outcomes, key=f"live-{chosen}")
        race_view.table(outcomes)
        comparison.show(outcomes)
        if st.button(_("Show the recorded race again"), icon=":material/history:"):
            del st.query_params["race"]
            st.rerun()

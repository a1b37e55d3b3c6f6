"""Training: race losses on a small data set and see which one is worth it."""

import streamlit as st

from simcse_core.data.kinds import KINDS
from simcse_core.runs import queue, race
from simcse_core.runs.store import get
from ui import comparison, page, race_inputs, race_view, stored
from ui.data_choice import choose_data
from ui.translation import _, language

page.begin("training")
left, right = st.columns([7, 4], gap="large")  # the race comes first on a phone too


def recorded() -> None:
    """A finished race, there before anybody has started one."""
    finished = stored.race(language())
    with st.container(border=True):
        st.markdown(
            _("**A recorded race** on the bundled data, run on {cores} CPU cores under {system}.").format(
                cores=finished.cores, system=finished.system
            )
        )
        st.caption(race_view.describe(finished.config))
    race_view.curves(finished.outcomes, epochs=finished.config.settings.epochs, key="recorded")
    race_view.table(finished.outcomes, finished.baselines)
    comparison.show_stored(finished)


@st.fragment(run_every=1.0)
def live(race_id: str, epochs: int) -> None:
    """Polls the run folders; the page is drawn anew, without polling, when all runs have ended."""
    queue.ensure_supervisor()  # after a restart of the machine, or when a worker was killed, the queue is still there
    outcomes = race.outcomes(race_id)
    if race_view.is_over(outcomes):
        st.rerun()
    race_view.progress(outcomes)
    if st.button(_("Cancel the race"), icon=":material/stop_circle:"):
        race.cancel(race_id, "browser")
    race_view.curves(outcomes, epochs=epochs, key=f"live-{race_id}")
    race_view.table(outcomes, {})  # baselines come when the race is over


def show(race_id: str) -> bool:
    """One race, live or over.

    Returns:
        Whether it is live.

    Raises:
        RunError: there is no such race.
    """
    outcomes = race.outcomes(race_id)
    config = get(outcomes[0].run).config
    epochs = config.settings.epochs
    st.caption(race_view.describe(config))
    if not race_view.is_over(outcomes):
        live(race_id, epochs)
        return True
    race_view.progress(outcomes)
    race_view.curves(outcomes, epochs=epochs, key=f"live-{race_id}")
    race_view.table(outcomes, race.baselines(race_id))
    comparison.show(outcomes)
    return False


busy = False
chosen = st.query_params.get("race")
with left, page.user_errors():
    if not chosen:
        recorded()
    else:
        try:
            busy = show(chosen)
        finally:
            if not busy and st.button(_("Show the recorded race again"), icon=":material/history:"):
                del st.query_params["race"]
                st.rerun()

with right, page.user_errors():
    chosen_data = choose_data("training", kinds=[kind for kind in KINDS if kind != "texts"])
    if (plan := race_inputs.start_button(chosen_data, busy=busy)) is not None:
        st.query_params["race"] = race.start(plan.config(), plan.losses, user="browser")
        st.rerun()

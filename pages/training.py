"""Training: race losses on a small data set and see which one is worth it."""

import streamlit as st

from simcse_core.runs import queue
from ui import my_races, page, projector, race_inputs, race_view, users
from ui.translation import _

page.begin("training")
# The race comes first on a phone too; on a projector it needs the whole width.
left, right = (st.container(), st.container()) if projector.is_on() else st.columns([7, 4], gap="large")

race = st.query_params.get("race")
is_there = False
with left, page.user_errors():
    my_races.show(users.current(), race)
    if race:
        race_view.show(race)
        is_there = True
    else:
        race_view.recorded()

with right, page.user_errors():
    st.header(_("A race of your own"), anchor=race_view.OWN_RACE)
    plan, button = race_inputs.choose()
    with button, page.user_errors():
        if (started := race_inputs.start_button(plan, users.current())) is not None:
            st.query_params["race"] = started
            st.rerun()

if race and is_there:  # last, because it may take a moment
    with left, page.user_errors():
        race_view.show_result(race)

with page.user_errors():
    queue.ensure_supervisor(soon=True)  # a worker gets ready while somebody reads

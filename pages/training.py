"""Training: race losses on a small data set and see which one is worth it."""

import streamlit as st

from simcse_core.runs import queue
from ui import my_races, page, race_inputs, race_view, users

page.begin("training")
left, right = st.columns([7, 4], gap="large")  # the race comes first on a phone too

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

"""Training: race losses on a small data set and see which one is worth it."""

import streamlit as st

from ui import my_races, page, race_inputs, race_view, users

page.begin("training")
left, right = st.columns([7, 4], gap="large")  # the race comes first on a phone too

chosen = st.query_params.get("race")
with left, page.user_errors():
    my_races.show(users.current(), chosen)
    if not chosen:
        race_view.recorded()
    else:
        race_view.show(chosen)

with right, page.user_errors():
    plan, button = race_inputs.choose()
    with button, page.user_errors():
        if (started := race_inputs.start_button(plan, users.current())) is not None:
            st.query_params["race"] = started
            st.rerun()

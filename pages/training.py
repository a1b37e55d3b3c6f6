"""Training: race losses on a small data set and see which one is worth it."""

import streamlit as st

from simcse_core.data.kinds import KINDS
from simcse_core.runs import race
from ui import page, race_inputs, race_view, users
from ui.data_choice import choose_data
from ui.translation import _

page.begin("training")
left, right = st.columns([7, 4], gap="large")  # the race comes first on a phone too

chosen = st.query_params.get("race")
with left, page.user_errors():
    if not chosen:
        race_view.recorded()
    else:
        try:
            race_view.show(chosen)
        finally:
            if st.button(_("Show the recorded race again"), icon=":material/history:"):
                del st.query_params["race"]
                st.rerun()

with right, page.user_errors():
    chosen_data = choose_data("training", kinds=[kind for kind in KINDS if kind != "texts"])
    if (plan := race_inputs.start_button(chosen_data, busy=False)) is not None:
        st.query_params["race"] = race.start(plan.config(), plan.losses, user=users.current())
        st.rerun()

"""Training: race losses on a small data set and see which one is worth it."""

import streamlit as st

from simcse_core.runs import queue
from ui.frame import errors, page, projector, users
from ui.frame.translation import _
from ui.training import inputs, my_races, race

page.begin("training")
# The race comes first on a phone too; on a projector it needs the whole width.
left, right = (st.container(), st.container()) if projector.is_on() else st.columns([7, 4], gap="large")

race_id = st.query_params.get("race")
race_exists = False
with left, errors.user_errors():
    my_races.show(users.current(), race_id)
    if race_id:
        race.show(race_id)
        race_exists = True
    else:
        race.recorded()

with right, errors.user_errors():
    st.header(_("A race of your own"), anchor=race.OWN_RACE)
    plan, button = inputs.choose()
    with button, errors.user_errors():
        if (started := inputs.start_button(plan, users.current())) is not None:
            st.query_params["race"] = started
            st.rerun()

if race_id and race_exists:  # last, because it may take a moment
    with left, errors.user_errors():
        race.show_result(race_id)

with errors.user_errors():
    queue.ensure_supervisor(soon=True)  # a worker gets ready while somebody reads

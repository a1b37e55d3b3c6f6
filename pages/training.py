"""Training: race losses on a small data set and see which one is worth it."""

from pathlib import Path

import streamlit as st

from simcse_core.runs import queue
from ui.frame import errors, stage, users
from ui.shared.races.figures import View
from ui.training import inputs, my_races, race
from ui.training.inputs import RacePlan
from ui.training.race import Shown

places = stage.begin("training")
st.html(Path(race.__file__).parent / "frontend" / "training.css")
race_id = st.query_params.get("race")
shown: Shown | None = None
view: View | None = None
plan: RacePlan | None = None

with places.figure, errors.user_errors():
    shown = race.opened(race_id) if race_id else race.recorded()
with places.controls, errors.user_errors():
    if shown is None:
        my_races.show(users.current(), race_id)
    else:
        view = race.controls(shown)
if shown is not None and view is not None:
    with places.figure, errors.user_errors():
        race.figure(shown, view)
    with places.finding, errors.user_errors():
        race.finding(shown, view)

settings = places.rail.container(key="race-settings", gap="small")
with places.rail.container(key="race-start", gap="xsmall"), errors.user_errors():
    button, progress = st.container(gap="xsmall"), st.container(gap="xsmall")
    with settings, errors.user_errors():
        plan = inputs.choose()
    with progress:
        if shown is not None:
            race.how_far(shown)
    with button, errors.user_errors():
        is_busy = shown is not None and shown.is_busy
        if (started := inputs.start_button(plan, users.current(), is_busy=is_busy)) is not None:
            st.query_params["race"] = started
            st.rerun()

if shown is not None and view is not None:  # last, because it may take a moment
    with places.below, errors.user_errors():
        race.more(shown, view)

with errors.user_errors():
    queue.ensure_supervisor(soon=True)  # a worker gets ready while somebody reads

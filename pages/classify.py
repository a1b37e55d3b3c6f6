"""Classify: which class each text belongs to."""

from ui.classify import view
from ui.frame import errors, stage
from ui.frame.translation import _
from ui.shared.data_choice import choose_data

places = stage.begin("classify")
with places.rail, errors.user_errors():
    data = choose_data("classify", kinds=["labelled"]).data
    with places.figure, errors.user_errors():
        view.figure(data, [_("text")])
    with places.finding:
        view.finding(data)

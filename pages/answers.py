"""Answers: which answer fits a question."""

from ui.answers import view
from ui.frame import errors, stage
from ui.frame.translation import _
from ui.shared.data_choice import choose_data

places = stage.begin("answers")
with places.rail, errors.user_errors():
    data = choose_data("answers", kinds=["answers"]).data
    with places.figure, errors.user_errors():
        view.figure(data, [_("question"), _("answer")])
    with places.finding:
        view.finding(data)

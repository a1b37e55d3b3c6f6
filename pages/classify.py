"""Classify: which class a text is of, how far that can be trusted, and how to get labels where there are none."""

from ui.classify import view
from ui.frame import errors, stage

places = stage.begin("classify")
with places.controls, errors.user_errors():
    name = view.choose()
    with places.figure, errors.user_errors():
        view.show(name, places)

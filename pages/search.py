"""Search: which texts of a corpus answer a query."""

from ui.frame import errors, stage
from ui.frame.translation import _
from ui.search import view
from ui.shared.data_choice import choose_data

places = stage.begin("search")
with places.rail, errors.user_errors():
    data = choose_data("search", kinds=["texts"]).data
    with places.figure, errors.user_errors():
        view.figure(data, [_("text")])
    with places.finding:
        view.finding(data)

"""A number with its 95 % range, as it stands in a table of every page."""

import math

from simcse_core.meaning.intervals import Interval
from ui.frame.translation import _


def in_table(value: Interval | None, form: str = "{:.2f}") -> str:
    """ "0.82 (95 %: 0.74 to 0.89)"; the value alone where it has no range, "" where there is none.

    Args:
        value: measured.
        form: of each of the numbers.
    """
    if value is None or math.isnan(value.value):
        return ""
    middle, low, high = (form.format(number).replace("-", "−") for number in (value.value, value.low, value.high))
    return (
        middle
        if math.isnan(value.low)
        else _("{value} (95 %: {low} to {high})").format(value=middle, low=low, high=high)
    )

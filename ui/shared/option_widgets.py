"""Widgets for options: name, range and explanation come from the option itself."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from simcse_core import numerals
from simcse_core.option_fields import OptionField
from ui.frame import address
from ui.frame.translation import _

MULTIPLES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""On a slider a number can be so many times its default, as far as its range allows."""
TINY = 1e-8
"""By so much a number stays off a bound that is excluded; `HUGE` stands for no bound."""
HUGE = 1e9


def number(
    field: OptionField, key: str, *, label: str = "", value: float | None = None, is_rate: bool = False
) -> int | float:
    """A number to type.

    Args:
        field: whose type is a number.
        key: of the widget.
        label: the option's name when empty.
        value: to begin with; the option's default when None.
        is_rate: whether it is a learning rate, which is written as 1e-4 and is at most 1.
    """
    start = field.default if value is None else value
    low = max(field.low, -HUGE) + TINY * field.excludes_low
    high = 1.0 if is_rate else min(field.high, HUGE) - TINY * field.excludes_high
    return st.number_input(
        label or f"`{field.name}`",
        min_value=field.value_type(low),
        max_value=field.value_type(high),
        value=start,
        step=abs(start) / 2 or 0.1 if field.value_type is float else 1,
        format="%.1e" if is_rate else "%g" if field.value_type is float else None,
        key=key,
        help=_(field.explanation) or None,
    )


def typed(field: OptionField, key: str) -> Any:
    """One of the option's choices, or a number to type."""
    if not field.choices:
        return number(field, key)
    start = field.choices.index(field.default)
    return st.selectbox(f"`{field.name}`", field.choices, index=start, key=key, help=_(field.explanation) or None)


def slider(field: OptionField, name: str, *, disabled: bool) -> Any:
    """A few values to choose from; the choice stays in the address.

    Args:
        field: of a choice or a number.
        name: of the setting in the address.
        disabled: it does not count now.
    """
    values = _values(field, name)
    key, keep = address.widget(name, list(values), _as_text(field.default))
    text = st.select_slider(
        field.name, list(values), key=key, on_change=keep, help=_(field.explanation) or None, disabled=disabled
    )
    return values[text]


def remembered(field: OptionField, name: str) -> tuple[dict[str, Any], str]:
    """What can be chosen, and the text of what is chosen, in the session or in the address; draws nothing.

    Args:
        field, name: as for `slider`.
    """
    values = _values(field, name)
    default = _as_text(field.default)
    text = address.remembered(name, list(values), default)
    if text == default:
        address.write(name, None)
    else:
        address.put(name, text)
    return values, text


def _values(field: OptionField, name: str) -> dict[str, Any]:
    """A few values, with the one that the session or the address asks for."""
    asked = (address.choice_of(name), st.query_params.get(name))
    return few_values(field, [str(value) for value in asked if value is not None])


def few_values(field: OptionField, asked: Sequence[str] = ()) -> dict[str, Any]:
    """A few values of an option by their text: its choices, or multiples of its default within its range.

    Args:
        field: of a choice or a number; of whole numbers the values are whole.
        asked: further values, as a link or another part of the page names them; what the option does not allow is
            left out.
    """
    if field.choices:
        return {str(choice): choice for choice in field.choices}
    values = {float(f"{field.default * factor:.3g}") for factor in MULTIPLES}
    values |= {0.0} if field.low == 0 else set()
    values |= {value for text in asked if (value := numerals.number(text)) is not None}
    if field.value_type is int:
        values = {round(value) for value in values}
    return {_as_text(value): value for value in sorted(filter(field.allows, values))}


def _as_text(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)

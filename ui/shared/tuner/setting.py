"""Where a threshold is set: by the page, by a link, or by the user, for as long as the scores are the same."""

import math
from dataclasses import dataclass

import streamlit as st

from ui.frame import address

MOST_COST = 1e9
DIGITS = 6
"""Of a threshold in the address."""


@dataclass(frozen=True)
class Setting:
    """A threshold and the costs of both errors."""

    threshold: float
    costs: tuple[float, float] = (1.0, 1.0)
    """Of a false alarm and of a miss."""
    content: str = ""
    """The scores that it is for."""
    revision: int = 0
    """Grows when the page, and not the user, sets it."""
    by_user: bool = False


def current(key: str, content: str, suggested: float) -> Setting:
    """The setting of a tuner in this session, which also stands in the address once somebody has set it.

    Args:
        key: of the tuner, and the name of the threshold in the address.
        content: names the scores. A threshold means nothing for others, so these start from the suggestion again.
        suggested: the threshold before anybody has set one.
    """
    before: Setting | None = st.session_state.get(_store(key))
    if before is None:
        threshold, costs = _number(st.query_params.get(key)), _costs(st.query_params.get(f"{key}-costs"))
        is_set = threshold is not None
        now = Setting(suggested if threshold is None else threshold, costs, content, 0, is_set)
    elif before.content != content or (not before.by_user and before.threshold != suggested):
        now = Setting(suggested, before.costs, content, before.revision + 1)
    else:
        now = before
    st.session_state[_store(key)] = now
    _write(key, now)
    return now


def costs(key: str) -> tuple[float, float]:
    """The costs of a false alarm and of a miss that are set; 1 and 1 before anybody has set them."""
    before: Setting | None = st.session_state.get(_store(key))
    return _costs(st.query_params.get(f"{key}-costs")) if before is None else before.costs


def released(key: str, content: str) -> None:
    """Take over what the browser reports: a threshold that was let go, or other costs."""
    report: object = st.session_state.get(key, {}).get("released")
    before: Setting | None = st.session_state.get(_store(key))
    if not isinstance(report, dict) or before is None:
        return
    threshold, prices = _number(report.get("threshold")), report.get("costs")
    if threshold is None or not isinstance(prices, list):
        return
    by_user = before.by_user or threshold != before.threshold  # while only costs change, the suggestion follows them
    both = _costs(",".join(map(str, prices)))
    st.session_state[_store(key)] = Setting(threshold, both, content, before.revision, by_user)


def put(key: str, threshold: float) -> None:
    """Set it for the user, as a button of the page does."""
    before: Setting | None = st.session_state.get(_store(key))
    if before is not None:
        st.session_state[_store(key)] = Setting(
            threshold, before.costs, before.content, before.revision + 1, by_user=True
        )


def _write(key: str, setting: Setting) -> None:
    scale = 10**DIGITS
    short = math.floor(setting.threshold * scale) / scale  # rounded down: it accepts what it accepted before
    address.write(key, f"{short:g}" if setting.by_user else None)
    costs = ",".join(f"{cost:g}" for cost in setting.costs)
    address.write(f"{key}-costs", None if costs == "1,1" else costs)


def _store(key: str) -> str:
    return f"{key}-setting"


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and abs(number) <= MOST_COST else None


def _costs(text: str | None) -> tuple[float, float]:
    numbers = [_number(part) for part in (text or "").split(",")]
    match numbers:
        case [float(false_alarm), float(miss)] if false_alarm >= 0 and miss >= 0:
            return false_alarm, miss
    return 1.0, 1.0

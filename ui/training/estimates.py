"""How long a race will take, measured on this machine in another process before it is started."""

import hashlib
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

import streamlit as st

from simcse_core.errors import UserError
from ui.frame.errors import plain, user_errors
from ui.frame.translation import _, explain, joined
from ui.shared import background
from ui.shared.data_choice import Upload
from ui.shared.names import duration
from ui.training import class_wait, rehearsal

if TYPE_CHECKING:
    from ui.training.inputs import RacePlan

QUIET_SECONDS = 1.0
"""Settings have to stay for so long before they are measured; nobody waits for what is changed again at once."""
_ASKED = "estimates-asked"


def show(plan: "RacePlan", user: str) -> float | None:
    """The number of runs in a line, and an estimate of the time as soon as that is measured, for one and for a class.

    Returns:
        Seconds of a run, the mean over the losses; None while that is not known.
    """
    key = _key(plan)
    asked = _asked(key)
    if _are_done(asked):
        if (seconds := _told(plan, asked)) is not None:
            class_wait.show(plan.runs, seconds, user)
        return seconds
    _measuring(plan, key)
    return None


def check(plan: "RacePlan") -> None:
    """Refuse a race that has been tried and cannot be carried out.

    Raises:
        UserError: of the first loss that cannot.
    """
    for future in _asked(_key(plan)).values():
        if future.done() and not future.cancelled() and isinstance(error := future.exception(), UserError):
            raise error


@st.fragment(run_every=0.5)
@user_errors()
def _measuring(plan: "RacePlan", key: str) -> None:
    """A placeholder for the estimate; it reruns the page when the estimate is there."""
    asked = _asked(key)
    since = st.session_state.setdefault(f"{_ASKED}-since", {})
    first = since.setdefault(key, time.monotonic())
    if time.monotonic() - first >= QUIET_SECONDS and not _are_done(asked):
        asked.update(
            {loss: submit_rehearsal(plan, loss, key) for loss in plan.losses}
        )  # again what somebody else took back
    elif _are_done(asked):
        st.rerun()
    st.caption(joined(_runs_in_words(plan), _("Measuring how long that takes …")))


def _told(plan: "RacePlan", asked: "dict[str, Future[float]]") -> float | None:
    seconds: list[float] = []
    for loss, future in asked.items():
        error = future.exception()
        if error is None:
            seconds.append(future.result())
        elif isinstance(error, UserError):
            st.warning(f"**{plain(loss)}** · {plain(explain(error))}")
        else:
            st.caption(joined(_runs_in_words(plan), _("How long that takes could not be measured.")))
            return None
    if len(seconds) < len(asked):
        return None
    mean = sum(seconds) / len(seconds)
    st.caption(
        joined(
            _runs_in_words(plan),
            _("About {each} a run, {all} in all, and a few seconds to start each.").format(
                each=duration(mean), all=duration(mean * plan.runs)
            ),
        )
    )
    return mean


def _runs_in_words(plan: "RacePlan") -> str:
    if plan.runs == 1:
        return _("1 run.")
    if len(plan.seeds) == 1:
        return _("{n} runs, one after the other.").format(n=plan.runs)
    return _("{n} runs: {losses} losses with {seeds} seeds each.").format(
        n=plan.runs, losses=len(plan.losses), seeds=len(plan.seeds)
    )


def _asked(key: str) -> "dict[str, Future[float]]":
    """The estimates that this session waits for; earlier ones that have not begun are cancelled."""
    asked: tuple[str, dict[str, Future[float]]] = st.session_state.get(_ASKED, ("", {}))
    if asked[0] != key:
        for future in asked[1].values():
            future.cancel()
        st.session_state[_ASKED] = asked = (key, {})
        st.session_state[f"{_ASKED}-since"] = {}
    return asked[1]


def _are_done(asked: "dict[str, Future[float]]") -> bool:
    return bool(asked) and all(future.done() and not future.cancelled() for future in asked.values())


def submit_rehearsal(plan: "RacePlan", loss: str, key: str) -> "Future[float]":
    options = plan.settings.loss_options if loss == plan.settings.loss else {}
    settings = plan.settings.model_copy(update={"loss": loss, "loss_options": options})
    config = plan.draft.model_copy(update={"settings": settings})
    uploads = {
        side: (data.source.name, data.source.content)
        for side, data in (("data", plan.data), ("dev", plan.held.other))
        if data is not None and isinstance(data.source, Upload)
    }
    return background.submit("estimates", f"{key} {loss}", rehearsal.seconds_of, config, uploads)


def _key(plan: "RacePlan") -> str:
    """Of all that decides how long a race takes; seeds do not."""
    named = (plan.data.key, plan.held.key, plan.kind, plan.start, plan.settings.model_dump(), plan.losses)
    return hashlib.sha256(repr(named).encode("utf-8", "surrogatepass")).hexdigest()

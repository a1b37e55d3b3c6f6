"""The progress of a race: a bar for each loss, the queue, failures and what to do about them."""

from collections.abc import Sequence
from statistics import fmean

import streamlit as st

from simcse_core.errors import RunError
from simcse_core.learning.records import State
from simcse_core.runs import queue
from simcse_core.runs import race as races
from simcse_core.runs.race import Outcome
from simcse_core.runs.store import get
from ui.frame.errors import plain, user_errors
from ui.frame.translation import _
from ui.shared.names import STATES, duration
from ui.shared.races.lines import names
from ui.shared.races.tracks import track
from ui.shared.races.words import failure, in_words

NOTES_SHOWN = 6
SOON = 2.0
"""A wait of fewer seconds is not shown."""


def is_busy(race: Sequence[Outcome]) -> bool:
    """Whether anything may change by itself. An interrupted run counts: the supervisor takes it up again."""
    return not all(outcome.state.is_over for outcome in race)


def bars(race: Sequence[Outcome]) -> None:
    """A bar for each loss with its state in words, one under the other; none when all have finished."""
    if all(outcome.state == State.FINISHED for outcome in race):
        return
    for loss in dict.fromkeys(outcome.loss for outcome in race):
        outcomes = [outcome for outcome in race if outcome.loss == loss]
        st.progress(fmean(_share(outcome) for outcome in outcomes), text=f"**{plain(loss)}** · {_state(outcomes)}")


def summary(race: Sequence[Outcome]) -> None:
    """How many runs are done, and about how long the rest takes; from the first moment on."""
    done = sum(outcome.state == State.FINISHED for outcome in race)
    said = [_("{done} of {n} runs finished").format(done=done, n=len(race))]
    waiting = [outcome.place for outcome in race if outcome.state == State.QUEUED and outcome.place is not None]
    if not any(outcome.state == State.RUNNING for outcome in race) and waiting:
        said.append(place_in_words(min(waiting, key=lambda place: place.position)))
    if (left := seconds_left(race)) is not None:
        said.append(_("about {time} left").format(time=duration(left)))
    st.caption(" · ".join(said))


def place_in_words(place: queue.Place) -> str:
    if place.seconds is None:
        return _("place {position} in the queue").format(position=place.position)
    if place.seconds < SOON:
        return _("the next run is starting …")
    return _("place {position} in the queue, starts in about {time}").format(
        position=place.position, time=duration(place.seconds)
    )


def troubles(race: Sequence[Outcome]) -> None:
    """The failures with their reasons, and the notes of the trainings."""
    for name, outcome in zip(names(race), race, strict=True):
        if outcome.state == State.FAILED:
            said = failure(outcome) or _("It stopped without an error message; its log.txt may say more.")
            st.error(f"**{plain(name)}** · {plain(said)}", icon=":material/error:")
        elif outcome.state == State.INTERRUPTED:
            st.warning(
                _("**{name}** was interrupted: its process is gone. It will be resumed automatically.").format(
                    name=plain(name)
                ),
                icon=":material/restart_alt:",
            )
    noted = [
        (name, in_words(note))
        for name, outcome in zip(names(race), race, strict=True)
        for note in track(outcome).notes
        if note.code != "converted"
    ]
    for name, said in noted[:NOTES_SHOWN]:
        st.warning(f"**{plain(name)}** · {plain(said)}", icon=":material/monitor_heart:")


def buttons(race_id: str, race: Sequence[Outcome], user: str | None) -> None:
    """Cancel what goes on, or take up again what has stopped. Other people's races can only be looked at.

    `user` is who looks; None is the operator.
    """
    mine = [outcome for outcome in race if get(outcome.run).is_of(user)]
    stopped = [outcome for outcome in mine if outcome.state.is_stopped]
    if is_busy(race) and not mine:
        st.caption(_("This is somebody else's race. You can watch it, and use its models."))
    elif is_busy(mine):
        if st.button(_("Cancel the race"), icon=":material/stop_circle:", key=f"cancel-{race_id}"):
            with user_errors():
                races.cancel(race_id, user)
                st.rerun()
    elif stopped and st.button(
        _("Go on with the race") if any(outcome.state == State.CANCELLED for outcome in stopped) else _("Try again"),
        icon=":material/resume:",
        key=f"resume-{race_id}",
        help=_("A run goes on from its last checkpoint; one that has none begins anew."),
    ):
        with user_errors():
            _resume(stopped, user)
            st.rerun()


def _resume(stopped: Sequence[Outcome], user: str | None) -> None:
    """All of them that can go on.

    Raises:
        RunError: none can.
    """
    refused: RunError | None = None
    for outcome in stopped:
        try:
            queue.resume(get(outcome.run), user)
        except RunError as error:
            refused = error
    if refused is not None and not is_busy([races.outcome(get(outcome.run)) for outcome in stopped]):
        raise refused


def seconds_left(race: Sequence[Outcome]) -> float | None:
    """Training time that is still to come, as runs of this race have shown it, or as it was measured before."""
    if not any(outcome.state.is_busy for outcome in race):
        return None
    whole = [total for outcome in race if (total := _seconds_in_all(outcome)) is not None]
    whole = whole or [seconds for outcome in race if (seconds := _expected(outcome)) is not None]
    if not whole:
        return None
    usual = fmean(whole)
    left = 0.0
    for outcome in race:
        if outcome.state == State.QUEUED:
            left += usual
        elif outcome.state == State.RUNNING:
            left += (_seconds_in_all(outcome) or usual) * (1 - _share(outcome))
    return left


def _expected(outcome: Outcome) -> float | None:
    """The seconds that its training was measured to take before it was queued."""
    try:
        return queue.expected_seconds(get(outcome.run))
    except RunError:
        return None


def _seconds_in_all(outcome: Outcome) -> float | None:
    """The seconds that a run takes, or has taken; None before its first step."""
    one = track(outcome)
    if one.finished:
        return one.finished.seconds
    return None if one.last is None else one.last.seconds * one.last.steps / one.last.step


def _share(outcome: Outcome) -> float:
    last = track(outcome).last
    if outcome.state == State.FINISHED:
        return 1.0
    return min(last.step / last.steps, 1.0) if last else 0.0


def _state(outcomes: Sequence[Outcome]) -> str:
    """The state of the runs of one loss, in words."""
    at_work = next((outcome for outcome in outcomes if outcome.state == State.RUNNING), None)
    if at_work is not None:
        state = _at_work(at_work)
    elif len({outcome.state for outcome in outcomes}) == 1:
        state = _(STATES[outcomes[0].state])
    else:
        counts = {state: sum(outcome.state == state for outcome in outcomes) for state in STATES}
        state = _(", ").join(f"{_(STATES[s])} {n}" for s, n in counts.items() if n)
    if len(outcomes) > 1 and at_work is not None:
        done = sum(outcome.state == State.FINISHED for outcome in outcomes)
        state = _("seed {number} of {n}, {state}").format(
            number=min(done + 1, len(outcomes)), n=len(outcomes), state=state
        )
    return state


def _at_work(outcome: Outcome) -> str:
    one = track(outcome)
    last, seconds = one.last, _seconds_in_all(outcome)
    if last is None or seconds is None:
        return _("the first step …") if one.moments else _("loading the model …")
    left = duration(seconds * (1 - _share(outcome)))
    return _("epoch {epoch}, {time} left").format(epoch=last.epoch, time=left)

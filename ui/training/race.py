"""A race on the screen, from the first second to the result; and the recorded one, before anybody has started one."""

import time
from collections.abc import Sequence

import streamlit as st

from simcse_core.errors import RunError, UserError
from simcse_core.learning.records import State
from simcse_core.learning.settings import TrainingSettings, objective
from simcse_core.runs import queue
from simcse_core.runs import race as races
from simcse_core.runs.config import RunConfig
from simcse_core.runs.race import Outcome
from simcse_core.runs.run import Run
from simcse_core.runs.store import get
from ui.frame import operators, users
from ui.frame.announcer import announce
from ui.frame.errors import plain, user_errors
from ui.frame.translation import _, joined, language
from ui.shared import models, stored
from ui.shared.races import chain, figures, progress
from ui.shared.races.words import announcements, describe
from ui.training import comparison, final_model, result

POLL_SECONDS = 1.0
OWN_RACE = "own-race"
"""The place on the page where a race is started; on a phone it is far below."""
BASELINE_SECONDS = 120.0
"""So long after the last run the page waits for the baselines, which its worker measures."""

_WHOLE_PAGE = "race-with-the-page"

Seen = tuple[tuple[str, ...], bool]
"""The runs that are over, and whether the baselines are there: what the result depends on."""


def show(race_id: str) -> None:
    """One race, live or over: all of it but the result. Nothing jumps when it ends.

    Raises:
        RunError: there is no such race.
    """
    race = _look(race_id)
    if not race:
        raise RunError("There is no race {given!r}. It may have been removed.", given=race_id)
    config = get(race[0].run).config
    st.caption(plain(describe(config, [outcome.seed for outcome in race])))
    _explain_start(config)
    chain.show(config, [outcome.loss for outcome in race])
    seen = _seen(race, bool(races.baselines(race_id)))
    more_comes = progress.is_busy(race) or _waits_for_baselines(race, seen)
    st.session_state[_WHOLE_PAGE] = True
    st.fragment(_live, run_every=POLL_SECONDS if more_comes else None)(race_id, config, seen)


def show_result(race_id: str) -> None:
    """What the race has shown so far; it may take a moment, so that the page draws it last.

    Raises:
        RunError: there is no such race.
    """
    race, beside = races.outcomes(race_id), races.baselines(race_id)
    short = "" if progress.is_busy(race) else result.in_short(race, beside)
    over = _("The race is over. {verdict}").format(verdict=short)
    announce({"result": over} if short else {}, about=f"{race_id} result", key="race-result-announcer")
    result.show(race, beside)
    if not progress.is_busy(race):  # to load models would slow down what is still at work
        final_model.offer(race, beside, users.current())
        comparison.show(race, beside)


def recorded() -> None:
    """A finished race, there before anybody has started one."""
    race = stored.race(language())
    with st.container(border=True):
        said = _("**A recorded race** on the bundled data, run on {cores} CPU cores under {system}.").format(
            cores=race.cores, system=race.system
        )
        st.markdown(joined(said, result.in_short(race.outcomes, race.baselines)))
        st.caption(plain(describe(race.config, [outcome.seed for outcome in race.outcomes])))
        _explain_start(race.config)
        st.markdown("[{}](#{})".format(_("Start a race of your own"), OWN_RACE))
    figures.show(race.outcomes, race.baselines, key="recorded")
    result.show(race.outcomes, race.baselines)
    comparison.show_stored(race)


def _explain_start(config: RunConfig) -> None:
    """Why a race starts from a lower layer than the last."""
    if config.layer is not None and config.layer < (_layers_of(config.model) or 0):
        st.caption(
            _(
                "It starts from layer {layer} of {layers}, below what the model can do as it comes, so that every "
                "curve has room to rise: a demonstration of the losses. For a model to keep, start from the last layer."
            ).format(layer=config.layer, layers=_layers_of(config.model))
        )


def _layers_of(model: str) -> int | None:
    try:
        return models.card(model).layers
    except (UserError, KeyError):
        return None


@user_errors()
def _live(race_id: str, config: RunConfig, seen: Seen) -> None:
    """What changes while a race goes on. Looks each second; draws the whole page anew when the result may change."""
    queue.ensure_supervisor()  # after a restart of the machine the queue goes on
    # While the whole page is drawn this is no place to begin anew: what comes behind would be gone for a moment.
    is_alone = not st.session_state.pop(_WHOLE_PAGE, False)
    if is_alone and _is_gone(race_id):
        st.rerun()  # the page says so, and nobody looks any more
    race = _look(race_id)
    if is_alone and _seen(race, seen[1] or bool(races.baselines(race_id))) != seen:
        st.rerun()
    progress.bars(race)
    progress.summary(race)
    progress.troubles(race)
    progress.buttons(race_id, race, operators.acting())
    if progress.is_busy(race) or any(outcome.records for outcome in race):
        figures.show(race, races.beside(config), key=f"live-{race_id}")
    settings = config.settings
    epochs = settings.epochs if settings.seconds is None and settings.sentences is None else None
    announce(announcements(race, epochs), about=race_id, key="race-announcer")


def _is_gone(race_id: str) -> bool:
    try:
        races.runs(race_id)
    except RunError:
        return True
    return False


def _look(race_id: str) -> list[Outcome]:
    """As `races.outcomes`, without the results per dev item, which may be many and are read when they are compared."""
    statuses = [(run, run.status) for run in races.runs(race_id)]
    places = queue.places() if any(status.state == State.QUEUED for _run, status in statuses) else {}
    return [
        Outcome(
            settings.loss,
            settings.seed,
            run.id,
            status.state,
            status.message,
            run.records(),
            None,
            places.get(run.id),
            status.template,
            status.values,
        )
        for run, status in statuses
        if (settings := _settings(run.id, run)) is not None
    ]


@st.cache_resource(max_entries=1_000, show_spinner=False)
def _settings(run_id: str, _run: Run) -> TrainingSettings | None:
    """A run's configuration never changes; None when it is damaged, or of a loss that is not there."""
    try:
        settings = _run.config.settings
        objective(settings.loss)
    except UserError:
        return None
    return settings


def _seen(race: Sequence[Outcome], baselines: bool) -> Seen:
    return tuple(f"{outcome.run} {outcome.state}" for outcome in race if outcome.state.is_over), baselines


def _waits_for_baselines(race: Sequence[Outcome], seen: Seen) -> bool:
    if seen[1] or not any(outcome.finished for outcome in race):
        return False
    ended = max(get(outcome.run).status.changed for outcome in race)
    return 0 <= time.time() - ended < BASELINE_SECONDS

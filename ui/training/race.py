"""A race on the screen, from the first second to the result; and the recorded one, before anybody has started one."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from simcse_core.errors import RunError, UserError
from simcse_core.learning.records import BeforeAndAfter, State
from simcse_core.learning.settings import TrainingSettings, objective
from simcse_core.meaning.items import Items
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
from ui.shared.names import metric_title
from ui.shared.races import chain, figures, further, progress
from ui.shared.races.tracks import track
from ui.shared.races.words import announcements, describe
from ui.training import comparison, final_model, my_races, result

POLL_SECONDS = 1.0
BASELINE_SECONDS = 120.0
"""So long after the last run the page waits for the baselines, which its worker measures."""

_WHOLE_PAGE = "race-with-the-page"

Seen = tuple[tuple[str, ...], bool]
"""The runs that are over, and whether the baselines are there: what the result depends on."""


@dataclass(frozen=True)
class Shown:
    """The race on the page."""

    race: list[Outcome]
    baselines: Mapping[str, Items]
    config: RunConfig
    """Of one of its runs."""
    id: str = ""
    """Empty for the recorded one."""

    @property
    def is_busy(self) -> bool:
        """Whether anything of it may change by itself."""
        return progress.is_busy(self.race)


def opened(race_id: str) -> Shown:
    """A race as it stands now.

    Raises:
        RunError: there is no such race.
    """
    race = _look(race_id)
    if not race:
        raise RunError("There is no race {given!r}. It may have been removed.", given=race_id)
    return Shown(race, races.baselines(race_id), get(race[0].run).config, race_id)


def recorded() -> Shown:
    """A finished race, there before anybody has started one."""
    race = stored.race(language())
    return Shown(race.outcomes, race.baselines, race.config)


def controls(shown: Shown) -> figures.View:
    """Asks at what the losses are compared, and by which metric. One that a classifier's user gets comes first as soon
    as it has been measured."""
    key = f"race-{shown.id}"
    is_timed = shown.config.settings.seconds is not None
    axis = figures.choose_axis(key, default="seconds" if is_timed else "texts", label="collapsed")
    metrics = figures.metrics_of(shown.race)
    first = metrics[0] if metrics else None
    if shown.is_busy and first not in _on_the_way(shown.race):
        first = next((name for name in metrics if name in _on_the_way(shown.race)), first)
    metric = first
    if first is not None:
        metric = st.selectbox(
            _("Metric"),
            metrics,
            metrics.index(first),
            format_func=metric_title,
            key=f"{key}-metric-{shown.is_busy}-{language()}",
            label_visibility="collapsed",
            width=340,
        )
    my_races.show(users.current(), shown.id)
    st.caption(_(figures.EQUAL[axis]), width="content")
    return figures.View(axis, metric, result.ranges(shown.race, shown.baselines, metric))


def _on_the_way(race: Sequence[Outcome]) -> set[str]:
    return {name for outcome in race for moment in track(outcome).moments for name in moment.metrics}


def figure(shown: Shown, view: figures.View) -> None:
    """The curves; while a race goes on they are drawn anew each second."""
    if not shown.id:
        figures.held_out(shown.race, shown.baselines, view, key="recorded", height="stretch")
        return
    seen = _seen(shown.race, bool(shown.baselines))
    more_comes = shown.is_busy or _waits_for_baselines(shown.race, seen)
    st.session_state[_WHOLE_PAGE] = True
    st.fragment(_live, run_every=POLL_SECONDS if more_comes else None)(shown.id, shown.config, view, seen)


def finding(shown: Shown, view: figures.View) -> None:
    """What the race has shown so far, and where that comes from."""
    st.markdown(plain(result.finding(shown.race, shown.baselines)))
    said = []
    if not shown.id:
        race = stored.race(language())
        said.append(
            _("A race recorded on {cores} CPU cores under {system}.").format(cores=race.cores, system=race.system)
        )
    metric = result.judged_by(shown.race, shown.baselines)
    if metric is not None and metric != view.metric:
        said.append(_("Judged by {metric} on held-out data.").format(metric=metric_title(metric)))
    elif metric is None and view.metric == figures.RANKING:
        said.append(_(figures.NOT_DECIDING))
    if view.ranges:
        said.append(_("Bars: 95 % range of the gain over what one had before."))
    if said:
        st.caption(plain(joined(*said)))


def how_far(shown: Shown) -> None:
    """The progress of a race, beside the button that has started it."""
    if shown.id:
        st.fragment(_progress, run_every=POLL_SECONDS if shown.is_busy else None)(shown.id, shown.config)


def more(shown: Shown, view: figures.View) -> None:
    """The result in numbers, and all that is seldom asked for; it may take a moment, so that the page draws it last."""
    race, beside = shown.race, shown.baselines
    key = shown.id or "recorded"
    if shown.id:
        short = "" if shown.is_busy else result.in_short(race, beside)
        over = _("The race is over. {verdict}").format(verdict=short)
        announce({"result": over} if short else {}, about=f"{shown.id} result", key="race-result-announcer")
    st.caption(plain(describe(shown.config, [outcome.seed for outcome in race])))
    _explain_start(shown.config)
    chain.show(shown.config, [outcome.loss for outcome in race])
    result.show(race, beside)
    if any(track(outcome).moments for outcome in race):
        further.path(race, key=key)
        further.fold(race, view.axis, view.metric, key=key)
    if not shown.id:
        comparison.show_stored(stored.race(language()))
    elif not shown.is_busy:  # to load models would slow down what is still at work
        final_model.offer(race, beside, users.current())
        comparison.show(race, beside)


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
def _live(race_id: str, config: RunConfig, view: figures.View, seen: Seen) -> None:
    """The curves of a race that goes on. Looks each second; draws the whole page anew when the result may change."""
    queue.ensure_supervisor()  # after a restart of the machine the queue goes on
    # While the whole page is drawn this is no place to begin anew: what comes behind would be gone for a moment.
    is_alone = not st.session_state.pop(_WHOLE_PAGE, False)
    if is_alone and _is_gone(race_id):
        st.rerun()  # the page says so, and nobody looks any more
    race = _look(race_id)
    if is_alone and _seen(race, seen[1] or bool(races.baselines(race_id))) != seen:
        st.rerun()
    if view.metric is None and (measured := figures.metric_of([track(outcome) for outcome in race])) is not None:
        if is_alone:
            st.rerun()  # from now on there is a metric to choose
        view = replace(view, metric=measured)
    figures.held_out(race, races.beside(config), view, key=f"live-{race_id}", height="stretch")


@user_errors()
def _progress(race_id: str, config: RunConfig) -> None:
    """How far each loss is, what has gone wrong, and what can be done about it."""
    if _is_gone(race_id):
        return  # the curves say so
    race = _look(race_id)
    if not all(outcome.state == State.FINISHED for outcome in race):
        progress.summary(race)
    progress.bars(race)
    progress.troubles(race)
    progress.buttons(race_id, race, operators.acting())
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
    """As `races.outcomes`, but the results per dev item, which may be many, are read once."""
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
            _items(run.id, run) if status.state == State.FINISHED else None,
            places.get(run.id),
            status.template,
            status.values,
        )
        for run, status in statuses
        if (settings := _settings(run.id, run)) is not None
    ]


@st.cache_resource(max_entries=200, show_spinner=False)
def _items(run_id: str, _run: Run) -> BeforeAndAfter | None:
    """Those of a finished run never change."""
    return _run.items()


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

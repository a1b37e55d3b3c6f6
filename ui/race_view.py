"""A race on the screen: how far each run is, its curves, and what can honestly be said of the result."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from simcse_core.data import bundled
from simcse_core.encoding.catalogue import CATALOGUE
from simcse_core.meaning.evaluation import Interval
from simcse_core.runs.config import RunConfig
from simcse_core.runs.race import Outcome, Result, Verdict, results, verdict
from simcse_core.runs.store import ENDED
from ui import charts, colors
from ui.inputs import data_title
from ui.page import plain
from ui.translation import N_, _, language

METRICS = {
    "mean_average_precision": N_("mean average precision"),
    "accuracy": N_("accuracy"),
}
STATES = {
    "queued": N_("waiting"),
    "running": N_("running"),
    "finished": N_("finished"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
    "interrupted": N_("interrupted"),
}


def is_over(race: Sequence[Outcome]) -> bool:
    """Whether nothing will change any more."""
    return all(outcome.state in ENDED for outcome in race)


def describe(config: RunConfig) -> str:
    """What a race is a race of, in one line."""
    data = data_title(config.data) if config.data in bundled.names() else _("own data")
    start = CATALOGUE[config.model].title if config.model in CATALOGUE else config.model
    if config.layer is not None:
        start += " · " + _("layer {layer}").format(layer=config.layer)
    return _("{data} · {start} · trained: {tune} · epochs: {epochs} · seed {seed}").format(
        data=data, start=start, tune=config.settings.tune, epochs=config.settings.epochs, seed=config.settings.seed
    )


def progress(race: Sequence[Outcome]) -> None:
    """A bar for each run, with its state in words and the time left."""
    waiting = [outcome for outcome in race if outcome.state == "queued"]
    idle = not any(outcome.state == "running" for outcome in race)
    for column, outcome in zip(st.columns(len(race)), race, strict=True):
        with column:
            share, words = _progress(outcome)
            if idle and waiting and outcome is waiting[0] and outcome is not race[0]:
                words = _("starting …")  # the worker is loading it
            st.progress(share, text=f"**{outcome.loss}** · {words}")
            if outcome.message:
                st.error(plain(outcome.message))


def curves(race: Sequence[Outcome], *, epochs: int, key: str) -> None:
    """The dev metric of all losses in one chart; the losses themselves each on its own scale."""
    colors_of = {outcome.loss: colors.of_loss(outcome.loss) for outcome in race}
    dev = {
        outcome.loss: [
            (record["epoch"], record["metrics"].get("mean_average_precision"))
            for record in outcome.records
            if record["event"] == "evaluation"
        ]
        for outcome in race
    }
    st.echarts_chart(
        charts.lines(
            dev,
            x_last=epochs,
            x_name=_("epoch"),
            y_name=_("mean average precision, held-out texts"),
            colors_of=colors_of,
        ),
        height=280,
        key=f"{key}-dev",
        alt=_("Lines: mean average precision on the held-out texts after each epoch, one line per loss. {last}").format(
            last=", ".join(f"{loss} {points[-1][1]:.3f}" for loss, points in dev.items() if points and points[-1][1])
        ),
    )
    with st.expander(_("The losses, each on its own scale"), icon=":material/show_chart:"):
        st.caption(_("A low value of one loss says nothing about another loss: they measure different things."))
        for outcome in race:
            steps = [(record["step"], record["loss"]) for record in outcome.records if record["event"] == "step"]
            st.echarts_chart(
                charts.lines({outcome.loss: steps}, x_name=_("step"), y_name="", colors_of=colors_of),
                height=200,
                key=f"{key}-loss-{outcome.loss}",
                alt=_("Line: the value of the loss {loss} at each step.").format(loss=outcome.loss),
            )


def table(race: Sequence[Outcome]) -> None:
    """Each loss beside the frozen model, with intervals, and a verdict that names no winner inside the noise."""
    lines, found = _analysis(tuple(outcome.run for outcome in race if outcome.finished), language(), race)
    if not lines:
        return
    st.header(_("Result"), anchor=False)
    if found is not None:
        st.markdown(_verdict_in_words(found))
    _intervals(lines)
    st.table(
        [
            {
                _("loss"): _("frozen model") if line.loss == "frozen" else line.loss,
                **{_(title): _interval(line.metrics[name], "{:.2f}") for name, title in METRICS.items()},
                _("gain"): _interval(line.gain["mean_average_precision"], "{:+.2f}") if line.gain else "",
                _("seconds"): "" if line.seconds is None else f"{line.seconds:.0f}",
            }
            for line in lines
        ],
        hide_index=True,
    )
    st.caption(
        _(
            "Measured on held-out texts. Mean average precision: each text ranks all others by cosine; 1 when those "
            "of its class come first. Accuracy: nearest class centre, the text itself left out. In grey the range "
            "that holds 95 % of 2,000 bootstrap samples of the held-out texts. Gain: mean average precision above the "
            "frozen model, paired text by text. "
            "One seed: another one can move the result. The epoch that did best on these texts was kept, which "
            "flatters every loss a little."
        )
    )


@st.cache_data(max_entries=50, show_spinner=False)
def _analysis(
    finished: tuple[str, ...], language: str, _race: Sequence[Outcome]
) -> tuple[list[Result], Verdict | None]:
    """The bootstraps of a race, once for each set of finished runs and not at each poll.

    Args:
        finished: ids of the finished runs. Recorded runs have none, so the language tells their races apart.
    """
    return results(_race), verdict(_race)


def _progress(outcome: Outcome) -> tuple[float, str]:
    state = _(STATES[outcome.state])
    steps = [record for record in outcome.records if record["event"] == "step"]
    if outcome.state == "finished":
        return 1.0, state
    if not steps:
        return 0.0, _("starting …") if outcome.state == "running" else state
    last = steps[-1]
    share = min(last["step"] / last["steps"], 1.0)
    if outcome.state != "running":
        return share, state
    return share, _("epoch {epoch}, {left:.0f} s left").format(
        epoch=last["epoch"], left=_seconds_left(last, outcome.records)
    )


def _seconds_left(last: dict[str, Any], records: list[dict[str, Any]]) -> float:
    """Training time left; evaluations are part of the pace only in so far as they are short."""
    return float((last["steps"] - last["step"]) * last["seconds"] / max(last["step"], 1))


def _verdict_in_words(found: Verdict) -> str:
    lead = _interval(found.lead, "{:.3f}")
    if found.level:
        first = _("**{loss}** and **{rival}** end level: no winner.").format(loss=found.ahead, rival=found.rival)
    elif found.clear:
        first = _(
            "**{loss}** is ahead by more than the noise: compared text by text, its lead over {rival} is {lead}."
        ).format(loss=found.ahead, rival=found.rival, lead=lead)
    else:
        first = _(
            "**{loss}** has the highest value, but no winner: compared text by text, its lead over {rival} is {lead}, "
            "which is inside the noise."
        ).format(loss=found.ahead, rival=found.rival, lead=lead)
    if not found.helped:
        second = _("In mean average precision no loss is better than the frozen model by more than the noise.")
    else:
        second = _("In mean average precision better than the frozen model by more than the noise: {losses}.").format(
            losses=", ".join(found.helped)
        )
    return f"{first}\n\n{second}"


def _interval(value: Interval, form: str) -> str:
    low, high = form.format(value.low), form.format(value.high)
    return f"{form.format(value.mean)} :small[:gray[{low}\u00a0…\u00a0{high}]]"


def _intervals(lines: Sequence[Result]) -> None:
    names = [_("frozen model") if line.loss == "frozen" else line.loss for line in lines]
    metric, title = next(iter(METRICS.items()))
    values = [line.metrics[metric] for line in lines]
    st.plotly_chart(
        charts.intervals(names, values, [colors.of_loss(line.loss) for line in lines], _(title)),
        key="intervals",
        config={"displayModeBar": False},
        alt=_("Points with their ranges, the same numbers as in the table below."),
    )

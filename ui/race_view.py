"""A race on the screen: how far each run is, its curves, and what can honestly be said of the result."""

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from simcse_core.data import bundled
from simcse_core.encoding.catalogue import CATALOGUE
from simcse_core.learning.measuring import MAIN_METRIC
from simcse_core.learning.race import Line, Verdict
from simcse_core.meaning.intervals import Interval
from simcse_core.meaning.items import Items
from simcse_core.runs.config import RunConfig
from simcse_core.runs.race import Outcome, results, verdict
from simcse_core.runs.store import ENDED
from ui import charts, colors
from ui.data_choice import data_title
from ui.page import plain
from ui.translation import N_, _, language

METRICS = {
    "spearman": N_("Spearman"),
    "average_precision": N_("average precision"),
    "mean_average_precision": N_("mean average precision"),
    "map": N_("mean average precision"),
    "mrr": N_("mean reciprocal rank"),
    "precision_at_1": N_("precision at 1"),
    "accuracy": N_("accuracy"),
    "auc": N_("AUC"),
    "logistic_accuracy": N_("logistic regression"),
}
"""In the order in which they are shown."""
EXPLAINED = {
    "spearman": N_("Spearman: do the cosines rank the pairs as their scores do? 1 when exactly so."),
    "average_precision": N_("Average precision: 1 when all matching pairs are closer than the others."),
    "mean_average_precision": N_(
        "Mean average precision: each text ranks all others by cosine; 1 when those of its class come first."
    ),
    "map": N_("Mean average precision: each question ranks its answers by cosine; 1 when the right ones come first."),
    "mrr": N_("Mean reciprocal rank: 1 / rank of the first right answer."),
    "precision_at_1": N_("Precision at 1: the share of questions whose closest answer is right."),
    "accuracy": N_("Accuracy: nearest class centre, the text itself left out."),
    "accuracy of triplets": N_(
        "Accuracy: the share of anchors that are closer to their positive than to their negative."
    ),
    "auc": N_("AUC: how often a matching pair is closer than one that does not match; 0.5 is chance."),
    "logistic_accuracy": N_(
        "Logistic regression: the share of held-out texts that a classifier gets right which learned from the vectors "
        "of the training texts."
    ),
}
LINES = {"frozen": N_("frozen model"), "tfidf": N_("TF-IDF (shared words)")}
"""What nobody trained."""
BARS_IN_A_ROW = 4
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


def names(race: Sequence[Outcome]) -> list[str]:
    """What each run is called: its loss, and its seed where there are several."""
    several = len({outcome.seed for outcome in race}) > 1
    return [
        _("{loss}, seed {seed}").format(loss=outcome.loss, seed=outcome.seed) if several else outcome.loss
        for outcome in race
    ]


def progress(race: Sequence[Outcome]) -> None:
    """A bar for each run, with its state in words and the time left."""
    waiting = [outcome for outcome in race if outcome.state == "queued"]
    idle = not any(outcome.state == "running" for outcome in race)
    columns = [column for _row in race[::BARS_IN_A_ROW] for column in st.columns(min(len(race), BARS_IN_A_ROW))]
    for column, name, outcome in zip(columns, names(race), race, strict=False):
        with column:
            share, words = _progress(outcome)
            if idle and waiting and outcome is waiting[0] and outcome is not race[0]:
                words = _("starting …")  # the worker is loading it
            st.progress(share, text=f"**{name}** · {words}")
            if outcome.message:
                st.error(plain(outcome.message))


def curves(race: Sequence[Outcome], *, epochs: int, key: str) -> None:
    """The dev metric of all losses in one chart; the losses themselves each on its own scale."""
    runs = dict(zip(names(race), race, strict=True))
    colors_of = {name: colors.of_loss(outcome.loss) for name, outcome in runs.items()}
    if (metric := _measured(race)) is not None:
        dev = {
            name: [
                (record["epoch"], record["metrics"].get(metric))
                for record in outcome.records
                if record["event"] == "evaluation"
            ]
            for name, outcome in runs.items()
        }
        last = ", ".join(f"{name} {points[-1][1]:.3f}" for name, points in dev.items() if points and points[-1][1])
        st.echarts_chart(
            charts.lines(
                dev,
                x_last=epochs,
                x_name=_("epoch"),
                y_name=_("{metric}, held-out data").format(metric=_(METRICS[metric])),
                colors_of=colors_of,
            ),
            height=280,
            key=f"{key}-dev",
            alt=_("Lines: {metric} on the held-out data after each epoch, one line per run. {last}").format(
                metric=_(METRICS[metric]), last=last
            ),
        )
    with st.expander(_("The losses, each on its own scale"), icon=":material/show_chart:"):
        st.caption(_("A low value of one loss says nothing about another loss: they measure different things."))
        for name, outcome in runs.items():
            steps = [(record["step"], record["loss"]) for record in outcome.records if record["event"] == "step"]
            st.echarts_chart(
                charts.lines({name: steps}, x_name=_("step"), y_name="", colors_of=colors_of),
                height=200,
                key=f"{key}-loss-{name}",
                alt=_("Line: the value of the loss {loss} at each step.").format(loss=name),
            )


def table(race: Sequence[Outcome], beside: dict[str, Items] | None = None) -> None:
    """Each loss beside what nobody trained, with intervals, and a verdict that names no winner inside the noise.

    Args:
        race: finished or not.
        beside: the baselines, as far as they are known; None computes them, which takes a while with much data.
    """
    finished = tuple(outcome.run for outcome in race if outcome.finished)
    if not finished:
        return
    baselines_of = beside or {}
    lines, found = _analysis(finished, language(), tuple(baselines_of), race, baselines_of)
    if not lines:
        return
    st.header(_("Result"), anchor=False)
    if found is not None:
        st.markdown(_verdict_in_words(found))
    shown = [name for name in METRICS if name in lines[0].metrics]
    main = next(name for name in MAIN_METRIC.values() if name in shown)
    _intervals(lines, main)
    st.table([_row(line, shown, main, lines) for line in lines], hide_index=True)
    st.caption(_small_print(shown, main, max(line.seeds for line in lines)))


def _row(line: Line, shown: Sequence[str], main: str, lines: Sequence[Line]) -> dict[str, str]:
    row = {_("loss"): _(LINES[line.name]) if line.name in LINES else line.name}
    row |= {_(METRICS[name]): _interval(line.metrics.get(name), "{:.2f}") for name in shown}
    if any(other.over_seeds for other in lines):
        row[_("over seeds")] = _interval(line.over_seeds.get(main), "{:.2f}")
    row[_("gain")] = _interval(line.gain.get(main), "{:+.2f}")
    row[_("seconds")] = "" if line.seconds is None else f"{line.seconds:.0f}"
    return row


def _small_print(shown: Sequence[str], main: str, seeds: int) -> str:
    """What the numbers of the table mean, and what they do not say."""
    explained = ["accuracy of triplets" if name == "accuracy" == main else name for name in shown]
    sentences = [
        _("Measured on held-out data."),
        *(_(EXPLAINED[name]) for name in explained),
        _(
            "In grey the range that holds 95 % of the bootstrap samples of the held-out items. "
            "Gain: {metric} above the frozen model, paired item by item."
        ).format(metric=_(METRICS[main])),
    ]
    if seeds < 2:
        sentences.append(_("One seed: another one can move the result."))
    elif seeds == 2:
        sentences.append(_("Values are means of two seeds, too few to say how far another one moves the result."))
    else:
        sentences.append(
            _("Values are means of {seeds} seeds. Lead and gain take in how far the seeds lie apart.").format(
                seeds=seeds
            )
        )
    sentences.append(_("Every loss is judged after its last step, so that none gains from a lucky moment."))
    return ("" if language() == "zh_CN" else " ").join(sentences)


@st.cache_data(max_entries=50, show_spinner=False)
def _analysis(
    finished: tuple[str, ...],
    language: str,
    beside: tuple[str, ...],
    _race: Sequence[Outcome],
    _beside: dict[str, Items],
) -> tuple[list[Line], Verdict | None]:
    """The bootstraps of a race, once for each set of finished runs and not at each poll.

    Args:
        finished: ids of the finished runs. Recorded runs have none, so the language tells their races apart.
        beside: names of the baselines.
    """
    return results(_race, _beside), verdict(_race)


def _measured(race: Sequence[Outcome]) -> str | None:
    """The metric that chooses the checkpoint; None while nothing has been measured."""
    for outcome in race:
        for record in outcome.records:
            if record["event"] == "evaluation":
                return next(name for name in MAIN_METRIC.values() if name in record["metrics"])
    return None


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
            "**{loss}** is ahead by more than the noise: compared item by item, its lead over {rival} is {lead}."
        ).format(loss=found.ahead, rival=found.rival, lead=lead)
    else:
        first = _(
            "**{loss}** has the highest value, but no winner: compared item by item, its lead over {rival} is {lead}, "
            "which is inside the noise."
        ).format(loss=found.ahead, rival=found.rival, lead=lead)
    metric = _(METRICS[found.metric])
    if not found.helped:
        second = _("In {metric} no loss is better than the frozen model by more than the noise.").format(metric=metric)
    else:
        second = _("In {metric} better than the frozen model by more than the noise: {losses}.").format(
            metric=metric, losses=", ".join(found.helped)
        )
    return f"{first}\n\n{second}"


def _interval(value: Interval | None, form: str) -> str:
    if value is None or math.isnan(value.value):
        return ""
    low, high = form.format(value.low), form.format(value.high)
    return f"{form.format(value.value)} :small[:gray[{low}\u00a0…\u00a0{high}]]"


def _intervals(lines: Sequence[Line], metric: str) -> None:
    st.plotly_chart(
        charts.intervals(
            [_(LINES[line.name]) if line.name in LINES else line.name for line in lines],
            [line.metrics[metric] for line in lines],
            [colors.of_loss(line.name) for line in lines],
            _(METRICS[metric]),
        ),
        key="intervals",
        config={"displayModeBar": False},
        alt=_("Points with their ranges, the same numbers as in the table below."),
    )

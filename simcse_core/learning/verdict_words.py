"""What a race shows, in English sentences that claim no more than its numbers support; a screen translates them."""

import math

from simcse_core.data.kinds import KINDS
from simcse_core.learning.race import Verdict
from simcse_core.meaning.intervals import FEWEST_SEEDS, Interval

LINES = {
    "as_it_comes": "the model as it comes",
    "tfidf": "TF-IDF (shared words)",
    "start": "the start of the training",
}
"""The baselines."""
HELPED = {
    1: "With this one seed {losses} did better than {baseline}, by more than the noise of the held-out items.",
    2: "With these two seeds {losses} did better than {baseline}, by more than the noise of the held-out items.",
    FEWEST_SEEDS: "Over {seeds} seeds {losses} did better than {baseline}, by more than the noise.",
}
"""By number of seeds, of which there may be more than the last."""
HURT = {
    1: "With this one seed {losses} did worse than {baseline}, by more than the noise of the held-out items.",
    2: "With these two seeds {losses} did worse than {baseline}, by more than the noise of the held-out items.",
    FEWEST_SEEDS: "Over {seeds} seeds {losses} did worse than {baseline}, by more than the noise.",
}
NO_BETTER = {
    1: "With this one seed {loss} is not better than {baseline} by more than the noise of the held-out items.",
    2: "With these two seeds {loss} is not better than {baseline} by more than the noise of the held-out items.",
    FEWEST_SEEDS: "Over {seeds} seeds {loss} is not better than {baseline} by more than the noise.",
}
NONE_BETTER = {
    1: "With this one seed no loss did better than {baseline} by more than the noise of the held-out items.",
    2: "With these two seeds no loss did better than {baseline} by more than the noise of the held-out items.",
    FEWEST_SEEDS: "Over {seeds} seeds no loss did better than {baseline} by more than the noise.",
}
LEVEL = "{ahead} and {rival} end level."
AHEAD = "Among the losses {ahead} is ahead by more than the noise."
NONE_AHEAD = "Among the losses none is ahead by more than the noise."
TOO_FEW = {
    1: "One seed names no winner among the losses: another seed can reverse their order.",
    2: "Two seeds name no winner among the losses: other seeds can reverse their order.",
}
GAIN = "In {metric}, {loss} gains {gain} over {baseline}."
LEAD = "The lead of {ahead} over {rival} is {lead}."
UNKNOWN_NOISE = "How much of these results is noise is not known: they were recorded by an earlier version."
TEMPLATES = (
    *(*HELPED.values(), *HURT.values(), *NO_BETTER.values(), *NONE_BETTER.values()),
    *(LEVEL, AHEAD, NONE_AHEAD, *TOO_FEW.values(), GAIN, LEAD, UNKNOWN_NOISE),
)
"""All of them, for who translates."""


def against_before(verdict: Verdict) -> list[tuple[str, dict[str, object]]]:
    """Which losses did better, and which worse, than the best baseline: templates with their values.

    `losses`, `loss` and `baseline` are names, several as a tuple.
    """
    said: list[tuple[str, dict[str, object]]] = []
    seeds = min(verdict.seeds, FEWEST_SEEDS)
    about: dict[str, object] = {"baseline": verdict.baseline, "seeds": verdict.seeds}
    if any(math.isnan(gain.low) for gain in verdict.gains.values()):
        return [(UNKNOWN_NOISE, {})]
    if verdict.helped:
        said.append((HELPED[seeds], {"losses": verdict.helped, **about}))
    elif len(verdict.gains) == 1 and not verdict.hurt:
        said.append((NO_BETTER[seeds], {"loss": tuple(verdict.gains), **about}))
    elif len(verdict.gains) > 1:
        said.append((NONE_BETTER[seeds], about))
    if verdict.hurt:
        said.append((HURT[seeds], {"losses": verdict.hurt, **about}))
    return said


def among_losses(verdict: Verdict) -> list[tuple[str, dict[str, object]]]:
    """Who is ahead of whom, likewise; nothing where there is one loss alone, or the noise is not known."""
    if verdict.rival is None or math.isnan(verdict.lead.low):
        return []
    if verdict.level:
        return [(LEVEL, {"ahead": verdict.ahead, "rival": verdict.rival})]
    if verdict.clear:
        return [(AHEAD, {"ahead": verdict.ahead})]
    if verdict.is_about_seeds:
        return [(NONE_AHEAD, {})]
    return [(TOO_FEW[verdict.seeds], {})]


def in_english(verdict: Verdict) -> str:
    """The verdict with its numbers, for a terminal or a notebook."""
    loss, gain = verdict.ahead, verdict.gains[verdict.ahead]
    sentences: list[tuple[str, dict[str, object]]] = [
        *against_before(verdict),
        (GAIN, {"metric": metric_title(verdict.metric), "loss": loss, "gain": with_range(gain),
                "baseline": verdict.baseline}),
        *among_losses(verdict),
    ]  # fmt: skip
    if verdict.rival is not None and not math.isnan(verdict.lead.low):
        sentences.append((LEAD, {"ahead": verdict.ahead, "rival": verdict.rival, "lead": with_range(verdict.lead)}))
    said = [template.format(**{key: _words(value) for key, value in values.items()}) for template, values in sentences]
    return " ".join(
        sentence[:1].upper() + sentence[1:] if sentence.startswith("the ") else sentence for sentence in said
    )


def metric_title(name: str) -> str:
    """What people call a metric; its name where no kind of data has it."""
    titles = {metric.name: metric.title for kind in KINDS.values() for metric in kind.metrics}
    return titles.get(name, name)


def with_range(value: Interval, form: str = "{:+.3f}") -> str:
    """A number with its 95 % range.

    Example:
        >>> with_range(Interval(0.04, 0.01, 0.07))
        '+0.040 (95 % range +0.010 to +0.070)'
    """
    if math.isnan(value.value):
        return "undefined"
    if math.isnan(value.low):
        return form.format(value.value)
    return f"{form.format(value.value)} (95 % range {form.format(value.low)} to {form.format(value.high)})"


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return " and ".join([", ".join(value[:-1]), value[-1]] if len(value) > 1 else value)
    return LINES.get(value, value) if isinstance(value, str) else str(value)

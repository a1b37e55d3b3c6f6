"""A verdict in words: first against the baselines, then among the losses; never more than the numbers support."""

import math

from simcse_core.learning.race import Verdict
from simcse_core.meaning.intervals import FEWEST_SEEDS, Interval
from ui.frame.translation import N_, _, enumeration, joined
from ui.shared.names import line_name, metric_title

HELPED = {
    1: N_("With this one seed {losses} did better than {baseline}, by more than the noise of the held-out items."),
    2: N_("With these two seeds {losses} did better than {baseline}, by more than the noise of the held-out items."),
    FEWEST_SEEDS: N_("{losses} did better than {baseline}, by more than the noise."),
}
HURT = {
    1: N_("With this one seed {losses} did worse than {baseline}, by more than the noise of the held-out items."),
    2: N_("With these two seeds {losses} did worse than {baseline}, by more than the noise of the held-out items."),
    FEWEST_SEEDS: N_("{losses} did worse than {baseline}, by more than the noise."),
}


def in_one_sentence(verdict: Verdict) -> str:
    """For the head of a page and for screen readers."""
    return joined(*_against_before(verdict), *([] if verdict.rival is None else [_among_losses(verdict)]))


def in_full(verdict: Verdict) -> str:
    """The same with its numbers, a paragraph each."""
    metric = metric_title(verdict.metric)
    best = verdict.ahead
    gain = _("In {metric}, **{loss}** gains {gain} over {baseline}.").format(
        metric=metric, loss=best, gain=with_range(verdict.gains[best], "{:+.3f}"), baseline=line_name(verdict.baseline)
    )
    parts = [joined(*_against_before(verdict, bold=True), gain)]
    if verdict.rival is not None:
        lead = _("The lead of **{ahead}** over {rival} is {lead}.").format(
            ahead=verdict.ahead, rival=verdict.rival, lead=with_range(verdict.lead, "{:+.3f}")
        )
        parts.append(joined(_among_losses(verdict, bold=True), lead))
    return "\n\n".join(parts)


def with_range(value: Interval | None, form: str) -> str:
    """A number with its 95 % range; empty where it is undefined."""
    if value is None or math.isnan(value.value):
        return ""
    if math.isnan(value.low):
        return form.format(value.value)
    low, high = form.format(value.low), form.format(value.high)
    return _("{value} (95 % range {low} to {high})").format(value=form.format(value.value), low=low, high=high)


def _against_before(verdict: Verdict, *, bold: bool = False) -> list[str]:
    """Which losses did better, and which worse, than the best baseline."""
    said, seeds = [], min(verdict.seeds, FEWEST_SEEDS)
    baseline = line_name(verdict.baseline)
    if any(math.isnan(gain.low) for gain in verdict.gains.values()):
        return [_("How much of these results is noise is not known: they were recorded by an earlier version.")]
    if verdict.helped:
        said.append(_(HELPED[seeds]).format(losses=_names(verdict.helped, bold), baseline=baseline))
    elif len(verdict.gains) == 1 and not verdict.hurt:
        said.append(
            _("{loss} is no better than {baseline} by more than the noise.").format(
                loss=_names(tuple(verdict.gains), bold), baseline=baseline
            )
        )
    elif len(verdict.gains) > 1:
        said.append(_("No loss did better than {baseline} by more than the noise.").format(baseline=baseline))
    if verdict.hurt:
        said.append(_(HURT[seeds]).format(losses=_names(verdict.hurt, bold), baseline=baseline))
    return said


def _among_losses(verdict: Verdict, *, bold: bool = False) -> str:
    ahead, rival = _names((verdict.ahead,), bold), verdict.rival
    if math.isnan(verdict.lead.low):
        return ""
    if verdict.level:
        return _("{ahead} and {rival} end level.").format(ahead=ahead, rival=rival)
    if verdict.clear:
        return _("Among the losses {ahead} is ahead by more than the noise, over {seeds} seeds.").format(
            ahead=ahead, seeds=verdict.seeds
        )
    if verdict.is_about_seeds:
        return _("Among the losses none is ahead by more than the noise, over {seeds} seeds.").format(
            seeds=verdict.seeds
        )
    return (
        _("One seed names no winner among the losses: another seed can reverse their order.")
        if verdict.seeds == 1
        else _("Two seeds name no winner among the losses: other seeds can reverse their order.")
    )


def _names(losses: tuple[str, ...], bold: bool) -> str:
    return enumeration([f"**{loss}**" if bold else loss for loss in losses])

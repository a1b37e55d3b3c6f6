"""A verdict in words: first against the baselines, then among the losses; never more than the numbers support."""

import math

from simcse_core.learning import verdict_words as words
from simcse_core.learning.race import Verdict
from simcse_core.meaning.intervals import Interval
from ui.frame.translation import _, enumeration, joined
from ui.shared.names import line_name, metric_title


def in_one_sentence(verdict: Verdict) -> str:
    """For the head of a page and for screen readers."""
    return joined(*_said(words.against_before(verdict)), *_said(words.among_losses(verdict)))


def in_full(verdict: Verdict) -> str:
    """The same with its numbers, a paragraph each."""
    gain = _(words.GAIN).format(
        metric=metric_title(verdict.metric),
        loss=_bold(verdict.ahead),
        gain=with_range(verdict.gains[verdict.ahead], "{:+.3f}"),
        baseline=line_name(verdict.baseline),
    )
    parts = [joined(*_said(words.against_before(verdict), bold=True), gain)]
    if verdict.rival is not None:
        lead = _(words.LEAD).format(
            ahead=_bold(verdict.ahead), rival=verdict.rival, lead=with_range(verdict.lead, "{:+.3f}")
        )
        parts.append(joined(*_said(words.among_losses(verdict), bold=True), lead))
    return "\n\n".join(parts)


def with_range(value: Interval | None, form: str) -> str:
    """A number with its 95 % range; empty where it is undefined."""
    if value is None or math.isnan(value.value):
        return ""
    if math.isnan(value.low):
        return form.format(value.value)
    low, high = form.format(value.low), form.format(value.high)
    return _("{value} (95 % range {low} to {high})").format(value=form.format(value.value), low=low, high=high)


def _said(sentences: list[tuple[str, dict[str, object]]], *, bold: bool = False) -> list[str]:
    return [
        _(template).format(**{name: _shown(name, value, bold) for name, value in values.items()})
        for template, values in sentences
    ]


def _shown(name: str, value: object, bold: bool) -> object:
    """Names of losses, several in a tuple; the one that is ahead is bold, its rival is not; baselines in words."""
    if isinstance(value, tuple):
        return enumeration([_bold(loss) if bold else loss for loss in value])
    if name == "baseline":
        return line_name(str(value))
    return _bold(str(value)) if bold and name == "ahead" else value


def _bold(loss: str) -> str:
    return f"**{loss}**"

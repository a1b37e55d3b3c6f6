"""The names of metrics, lines of a result and states of a run on the screen."""

from simcse_core.data.kinds import KINDS, Metric
from simcse_core.encoding.pooling import JOINED
from simcse_core.learning.verdict_words import LINES
from ui.frame.translation import N_, _, enumeration

POOLINGS = {
    "mean": N_("mean"),
    "max": N_("maximum"),
    "cls": N_("[CLS] token"),
    "first_last_mean": N_("first + last layer"),
    "weightedmean": N_("mean, later tokens weigh more"),
    "lasttoken": N_("last token"),
    "mean_sqrt_len_tokens": N_("sum ÷ √length"),
}
"""Poolings with a name on the screen; any other is shown by its name in the registry."""
LABELS = {
    "book_room": N_("book room"),
    "events": N_("events"),
    "lost_card": N_("lost card"),
    "opening_hours": N_("opening hours"),
    "pay_fine": N_("pay fine"),
    "printing": N_("printing"),
    "renew_loan": N_("renew loan"),
    "reserve_book": N_("reserve book"),
    "negative": N_("negative sentiment"),
    "positive": N_("positive sentiment"),
    "ham": N_("no spam"),
    "spam": N_("spam"),
}
"""The English labels of the bundled data."""
STATES = {
    "queued": N_("waiting"),
    "running": N_("running"),
    "finished": N_("finished"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
    "interrupted": N_("interrupted"),
}


def metric_names() -> list[str]:
    """The metrics of all kinds of data, in the order in which they are shown."""
    return list(_metrics())


def metric_title(name: str) -> str:
    """What a metric is called; its name where this version does not have it."""
    metric = _metrics().get(name)
    return name if metric is None else _(metric.title)


def metric_explanation(name: str) -> str:
    """The explanation of a metric in a sentence."""
    return _(_metrics()[name].explanation)


def _metrics() -> dict[str, Metric]:
    return {metric.name: metric for kind in reversed(KINDS.values()) for metric in kind.metrics}


def line_name(name: str) -> str:
    """The label of a line of a result: the name of a loss, or a baseline in words."""
    return _(LINES[name]) if name in LINES else name


def pooling_name(name: str) -> str:
    """A pooling on the screen, or several that are joined."""
    return enumeration([_(POOLINGS[one]) if one in POOLINGS else one for one in name.split(JOINED)])


def label_name(value: str, *, is_bundled: bool = True) -> str:
    """A label on the screen: words in the place of underscores. Data, exports and addresses keep it as it is.

    Args:
        value: as the data have it.
        is_bundled: whether it may be one of the bundled data, which have names in the language of the page.
    """
    return _(LABELS[value]) if is_bundled and value in LABELS else value.replace("_", " ").strip() or value


def prompt_name(prompt: str) -> str:
    """A prompt that is set, by its name or its text."""
    return _("prompt “{prompt}”").format(prompt=prompt.strip()[:40]) if prompt else _("no prompt")


def duration(seconds: float) -> str:
    """Seconds in the largest units that fit: s, min, h and min."""
    if seconds < 99.5:
        return _("{n:.0f} s").format(n=max(seconds, 0))
    if seconds < 5_940:
        return _("{n:.0f} min").format(n=seconds / 60)
    return _("{hours:.0f} h {minutes:.0f} min").format(hours=seconds // 3_600, minutes=seconds % 3_600 // 60)

"""What metrics, lines of a result and states of a run are called on the screen."""

from ui.frame.translation import N_, _

METRICS = {
    "logistic_accuracy": N_("accuracy (logistic regression)"),
    "centre_accuracy": N_("accuracy (nearest centre)"),
    "spearman": N_("Spearman"),
    "average_precision": N_("average precision"),
    "mean_average_precision": N_("mean average precision"),
    "map": N_("mean average precision"),
    "mrr": N_("mean reciprocal rank"),
    "precision_at_1": N_("precision at 1"),
    "accuracy": N_("accuracy"),
    "auc": N_("AUC"),
    "leave_one_out_accuracy": N_("leave-one-out accuracy"),
}
"""In the order in which they are shown."""
EXPLAINED = {
    "logistic_accuracy": N_(
        "Logistic regression: the share of held-out texts that a classifier gets right which has learned from the "
        "embeddings of the training texts."
    ),
    "centre_accuracy": N_(
        "Nearest centre: the share of held-out texts that lie nearest to the centre of their class, the mean of its "
        "training texts."
    ),
    "spearman": N_("Spearman: do the cosines rank the pairs as their scores do? 1 when exactly so."),
    "average_precision": N_("Average precision: 1 when all matching pairs are closer than the others."),
    "mean_average_precision": N_(
        "Mean average precision: each text ranks all others by cosine; 1 when those of its class come first."
    ),
    "map": N_("Mean average precision: each question ranks its answers by cosine; 1 when the right ones come first."),
    "mrr": N_("Mean reciprocal rank: 1 / rank of the first right answer."),
    "precision_at_1": N_("Precision at 1: the share of questions whose closest answer is right."),
    "accuracy": N_("Accuracy: the share of anchors that are closer to their positive than to their negative."),
    "auc": N_("AUC: how often a matching pair is closer than one that does not match; 0.5 is chance."),
    "leave_one_out_accuracy": N_(
        "Leave-one-out accuracy: the share of held-out texts nearest to the centre of their class among the held-out "
        "texts themselves, the text left out."
    ),
}
LINES = {
    "as_it_comes": N_("the model as it comes"),
    "tfidf": N_("TF-IDF (shared words)"),
    "start": N_("the start of the training"),
}
"""What one had before."""
STATES = {
    "queued": N_("waiting"),
    "running": N_("running"),
    "finished": N_("finished"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
    "interrupted": N_("interrupted"),
}


def line_name(name: str) -> str:
    """A line of a result: a loss by its name, what one had before in words."""
    return _(LINES[name]) if name in LINES else name


def duration(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 99.5:
        return _("{n:.0f} s").format(n=max(seconds, 0))
    if seconds < 5_940:
        return _("{n:.0f} min").format(n=seconds / 60)
    return _("{hours:.0f} h {minutes:.0f} min").format(hours=seconds // 3_600, minutes=seconds % 3_600 // 60)

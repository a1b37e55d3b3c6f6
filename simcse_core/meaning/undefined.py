"""Why a result is undefined, in words for people: nobody should take null for a fault, or look for the reason alone."""

import math
from dataclasses import asdict

from simcse_core.meaning.evaluation import AnswerMetrics, LabelledMetrics, Metrics, PairMetrics, ScoredMetrics
from simcse_core.meaning.items import Items

SAME_COSINES = "all pairs are equally close, their cosines differ by no more than rounding"


def why_undefined(metrics: Metrics, items: Items) -> str | None:
    """One sentence about the numbers that are NaN; None where all are defined.

    Args:
        metrics: of a data set.
        items: of the same.
    """
    names = [name for name, value in asdict(metrics).items() if isinstance(value, float) and math.isnan(value)]
    if not names:
        return None
    verb = "is" if len(names) == 1 else "are"
    return f"{', '.join(names)} {verb} undefined: {_reason(metrics, items, names)}."


def _reason(metrics: Metrics, items: Items, names: list[str]) -> str:
    match metrics:
        case ScoredMetrics() if "spearman" not in names:
            return "there are fewer than two different texts" if "uniformity" in names else "no pair has a high score"
        case ScoredMetrics() | PairMetrics():
            if metrics.n < 2:
                return "there are fewer than two pairs"
            if len(set(items.gold)) < 2:
                return "all scores are the same" if isinstance(metrics, ScoredMetrics) else "all labels are the same"
            return SAME_COSINES
        case LabelledMetrics():
            return "there is one class only" if math.isnan(metrics.leave_one_out_accuracy) else "no class has two texts"
        case AnswerMetrics():
            return "no question has both a right and a wrong answer"
        case _:
            return "there is nothing to measure"

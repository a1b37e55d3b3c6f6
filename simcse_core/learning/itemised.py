"""What embeddings do with each item of a data set, whatever made the embeddings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Texts, Triplets, normalised
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError
from simcse_core.meaning.evaluation import (
    answer_average_precisions,
    jackknifed_average_precisions,
    ranks_of_right_answers,
    reciprocal_ranks,
    triplet_hits,
)
from simcse_core.meaning.items import PAIR_METRICS, SCORED_METRICS, Items
from simcse_core.meaning.similarity import pair_cosines


def items_of(data: Dataset, parts: Sequence[Embeddings]) -> Items:
    """Results item by item.

    Args:
        data: of any kind but texts.
        parts: for each of its text columns (N, D) unit rows, or zero rows for what nothing is known of.

    Raises:
        DataError: the data has neither scores nor labels.
    """
    match data:
        case Scored(score=gold) | Pairs(label=gold):
            cosines = pair_cosines(parts[0], parts[1])
            of_pairs = SCORED_METRICS if isinstance(data, Scored) else PAIR_METRICS
            return Items(cosines=_floats(cosines), gold=[float(value) for value in gold], of_pairs=of_pairs)
        case Triplets():
            return Items({"accuracy": _floats(triplet_hits(*parts))})
        case Answers():
            ranks = ranks_of_right_answers(parts[0], parts[1], [*map(normalised, data.question)], data.label)
            firsts = reciprocal_ranks(ranks)
            return Items(
                {
                    "map": _floats(answer_average_precisions(ranks)),
                    "mrr": _floats(firsts),
                    "precision_at_1": _floats(firsts == 1),
                }
            )
        case Labelled():
            precisions, pseudo_values = jackknifed_average_precisions(parts[0], data.label)
            return Items(
                {"mean_average_precision": _floats(precisions)},
                pseudo_values={"mean_average_precision": _floats(pseudo_values)},
            )
        case Texts():
            raise DataError(
                "{file} has only texts: nothing to compare with. It needs a score or a label.", file=data.name
            )


def _floats(values: NDArray[np.generic]) -> list[float]:
    floats: list[float] = values.astype(float).tolist()
    return floats

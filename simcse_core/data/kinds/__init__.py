"""The kinds of data.

To add a kind, write one class in a module of its own, named below: its columns, what belongs together, and how it is
measured (`dataset.Dataset` says what else there is to say). It is then read from files, split, checked, measured and
offered everywhere; a function in `data/conversions.py` makes it another kind, and a loss that names it learns from it.
"""

# Pages and messages list the kinds in the order of these imports, those with more columns first.
# isort: off
from simcse_core.data.kinds.dataset import (
    KINDS,
    D,
    Dataset,
    Fact,
    Metric,
    kind,
    kind_of,
    normalised,
    rows,
    text_columns,
    texts_of,
)
from simcse_core.data.kinds.triplets import Triplets
from simcse_core.data.kinds.answers import Answers
from simcse_core.data.kinds.scored import Scored
from simcse_core.data.kinds.pairs import Pairs
from simcse_core.data.kinds.labelled import Labelled
from simcse_core.data.kinds.texts import Texts
# isort: on

__all__ = [
    "KINDS",
    "Answers",
    "D",
    "Dataset",
    "Fact",
    "Labelled",
    "Metric",
    "Pairs",
    "Scored",
    "Texts",
    "Triplets",
    "kind",
    "kind_of",
    "normalised",
    "rows",
    "text_columns",
    "texts_of",
]

"""The losses, each a function of embeddings that says how wrong they are.

To add a loss, write one function in the module it belongs to (or in a new one, named below) and register it: it appears
on the command line, in the app and in the tests. What a loss gets for each kind of data is in `registry.Input`.

Which losses there are is known without torch, so that a page can list them before torch has loaded.
"""

# Pages list the losses in the order of these imports.
# isort: off
from simcse_core.learning.losses.parts import Parts
from simcse_core.learning.losses.registry import (
    Input,
    Learned,
    Loss,
    LossOfEqualTexts,
    OfInput,
    learned_options,
    losses,
    naive_losses,
)
from simcse_core.learning.losses.pairwise import bce, cosent
from simcse_core.learning.losses.softmax import cross_entropy, simcse, supcon
from simcse_core.learning.losses.triplets import triplet
from simcse_core.learning.losses.centers import center
from simcse_core.learning.losses.naive import bce_minus_one, center_alone, naive_bce, naive_cross_entropy
from simcse_core.learning.losses.compare import targets_from_labels
# isort: on

__all__ = [
    "Input",
    "Learned",
    "Loss",
    "LossOfEqualTexts",
    "OfInput",
    "Parts",
    "bce",
    "bce_minus_one",
    "center",
    "center_alone",
    "cosent",
    "cross_entropy",
    "learned_options",
    "losses",
    "naive_bce",
    "naive_cross_entropy",
    "naive_losses",
    "simcse",
    "supcon",
    "targets_from_labels",
    "triplet",
]

"""Labels that may be wrong: those to which a classifier that has not seen the text gives little probability."""

import warnings
from dataclasses import dataclass

import numpy as np

from simcse_core.errors import OptionError
from simcse_core.uses.classification.examples import label_sets
from simcse_core.uses.classification.validation import Validation


@dataclass(frozen=True)
class Suspect:
    """A text whose label may be wrong."""

    row: int
    """Its position, from 0."""
    text: str
    label: str
    """As it is."""
    suggested: str
    """The most probable class."""
    probability: float
    """Of the label, out of fold."""
    probability_suggested: float
    is_issue: bool
    """Whether confident learning counts it among the wrong ones, and not only among the least sure."""


def suspect_labels(validation: Validation, most: int | None = None) -> list[Suspect]:
    """All labels, the most suspect first.

    They are ordered by how much more probable the label is than the most probable other class (cleanlab's normalised
    margin, with out-of-fold probabilities).

    Args:
        validation: a cross-validation; each class should have some texts.
        most: how many to return; None is all.

    Raises:
        OptionError: texts have several labels.

    Source: Northcutt, Jiang & Chuang 2021, arXiv 1911.00068.
    """
    if validation.several:
        raise OptionError("Suspect labels can only be found where each text has one label; here texts have several.")
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_normalized_margin_for_each_label

    place = {name: number for number, name in enumerate(validation.classes)}
    labels = np.array([place[name] for (name,) in label_sets(validation.labels)])
    probabilities = validation.probabilities
    quality = get_normalized_margin_for_each_label(labels, probabilities)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # in classes of five texts or fewer none counts as an issue
        issues = find_label_issues(labels, probabilities, filter_by="prune_by_noise_rate", n_jobs=1)
    order = np.argsort(quality, kind="stable")[:most]
    return [
        Suspect(
            row=int(row),
            text=validation.texts[row],
            label=validation.classes[labels[row]],
            suggested=validation.classes[other],
            probability=float(probabilities[row, labels[row]]),
            probability_suggested=float(probabilities[row, other]),
            is_issue=bool(issues[row]),
        )
        for row, other in ((row, int(validation.predicted[row])) for row in order)
    ]

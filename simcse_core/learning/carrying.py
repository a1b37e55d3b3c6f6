"""What a trained model carries, so that it can be used: the classifier that its loss learned, or one fitted to it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds import Dataset, texts_of
from simcse_core.encoding.classifier import Carried, LinearClassifier
from simcse_core.encoding.protocol import Encodes
from simcse_core.learning.calibration import fit_temperature
from simcse_core.learning.classifiers import linear_classifier

FEWEST_TO_CALIBRATE = 10
"""Held-out texts."""


def complete(carried: Carried, model: Encodes, data: Dataset, dev: Dataset | None) -> Carried:
    """With a classifier where the data has classes, and its probabilities calibrated on held-out texts.

    A loss that learned a classifier leaves that one. Any other leaves a logistic regression on the embeddings of the
    training texts, as `baselines.logistic_hits` fits it.

    The temperature is fitted on the dev texts, whose classes the classifier has learned; without ten of them it is the
    one of the loss, or 1.

    Args:
        carried: what the loss has learned.
        model: with the weights that are kept.
        data: that was learned from, before it became another kind.
        dev: held-out data; None without any.
    """
    if data.text_classes is None:
        return carried
    classifier = carried.classifier
    if classifier is None and len(set(data.text_classes)) > 1:
        classifier = linear_classifier(model.encode(list(texts_of(data))), data.text_classes)
    if classifier is None:
        return carried
    return replace(carried, classifier=_calibrated(classifier, model, dev))


def _calibrated(classifier: LinearClassifier, model: Encodes, dev: Dataset | None) -> LinearClassifier:
    if dev is None or dev.text_classes is None:
        return classifier
    place = {name: number for number, name in enumerate(classifier.classes)}
    known = [row for row, name in enumerate(dev.text_classes) if name in place]
    if len(known) < FEWEST_TO_CALIBRATE:
        return classifier
    texts = texts_of(dev)
    scores = classifier.scores(model.encode([texts[row] for row in known]))
    marks: NDArray[np.bool_] = np.zeros(scores.shape, dtype=bool)
    marks[np.arange(len(known)), [place[dev.text_classes[row]] for row in known]] = True
    return replace(classifier, temperature=fit_temperature(scores, marks))

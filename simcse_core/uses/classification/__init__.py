"""Which class is a text of? From labelled texts to a classifier that can be trusted as far as it says.

Examples.of(texts, labels, encoder or embeddings)     what is learned from
Classifier.fit(texts, labels) / .fit_examples(…)      logistic regression, nearest centre, k-NN; calibrated
cross_validate(examples, method)                      what it will do on other texts; method "tfidf": the baseline
Results: .report() .at(threshold) .confusion() .wrong() .bins() …
suspect_labels(validation), learning_curve(examples)
"""

from simcse_core.encoding.classifier import Prediction
from simcse_core.learning.calibration import Bin
from simcse_core.uses.classification.classifier import Classifier
from simcse_core.uses.classification.examples import Examples
from simcse_core.uses.classification.labelling import (
    Estimate,
    LabellingState,
    Pool,
    Proposal,
    estimate,
    export,
    propose,
)
from simcse_core.uses.classification.labels import class_names, names_of, several_names
from simcse_core.uses.classification.learning_curve import LearningCurve, Point, learning_curve
from simcse_core.uses.classification.methods import CENTRE, KNN, LOGISTIC, METHODS, TFIDF
from simcse_core.uses.classification.results import ClassResult, Coverage, CoverageCurve, Report, Results
from simcse_core.uses.classification.suspects import Suspect, suspect_labels
from simcse_core.uses.classification.validation import Validation, cross_validate, evaluate

__all__ = [
    "CENTRE",
    "KNN",
    "LOGISTIC",
    "METHODS",
    "TFIDF",
    "Bin",
    "ClassResult",
    "Classifier",
    "Coverage",
    "CoverageCurve",
    "Estimate",
    "Examples",
    "LabellingState",
    "LearningCurve",
    "Point",
    "Pool",
    "Prediction",
    "Proposal",
    "Report",
    "Results",
    "Suspect",
    "Validation",
    "class_names",
    "cross_validate",
    "estimate",
    "evaluate",
    "export",
    "learning_curve",
    "names_of",
    "propose",
    "several_names",
    "suspect_labels",
]

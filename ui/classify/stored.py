"""What the page begins with, computed when the app was made (`make assets`): results need a model and some seconds."""

import json
from functools import cache
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from simcse_core.data import bundled
from simcse_core.data.kinds import Labelled
from simcse_core.encoding.classifier import LinearClassifier
from simcse_core.encoding.protocol import Encoder
from simcse_core.jsonable import jsonable
from simcse_core.uses.classification import (
    LOGISTIC,
    TFIDF,
    Classifier,
    Examples,
    LearningCurve,
    Results,
    Suspect,
    cross_validate,
    learning_curve,
    suspect_labels,
)
from simcse_core.uses.classification.methods import Linear
from ui.classify.computing import Outcome
from ui.shared.stored import FOLDER

_CURVE = TypeAdapter(LearningCurve)
_SUSPECTS = TypeAdapter(list[Suspect])
DIGITS = 4
START = "intents"
"""The bundled set that the page begins with."""


def data_name(language: str) -> str:
    """The bundled set that the page begins with in a language; the English one where it has none."""
    name = f"{START}-{bundled.ending(language)}"
    return name if name in bundled.names() else f"{START}-en"


@cache
def outcome(language: str) -> Outcome:
    """Results of cross-validation on the bundled data of a language, as `computing.outcome` gives them."""
    stored = _stored(language)
    suspects = tuple(_SUSPECTS.validate_python(stored["suspects"]))
    return Outcome(_results(language, stored, "model"), _results(language, stored, "baseline"), suspects=suspects)


@cache
def classifier(language: str) -> Classifier:
    """Logistic regression that has learned from all of these data, as `computing.classifier` gives it."""
    stored = _stored(language)
    linear = LinearClassifier(tuple(stored["classes"]), np.array(stored["weights"]), np.array(stored["bias"]))
    return Classifier(scorer=Linear(linear), method=LOGISTIC, temperature=stored["temperature"])


@cache
def curve(language: str) -> LearningCurve:
    """Its learning curve."""
    return _CURVE.validate_python(_stored(language)["curve"])


def compute(language: str, model: Encoder) -> dict[str, Any]:
    """What is stored for a language."""
    data = _data(language)
    examples = Examples.of(data.text, data.label, model)
    validation, baseline = cross_validate(examples, LOGISTIC), cross_validate(examples, TFIDF)
    fitted = Classifier.fit_examples(examples, validation=validation)
    assert isinstance(fitted.scorer, Linear)
    return {
        "classes": list(validation.classes),
        "weights": fitted.scorer.linear.weights.round(DIGITS).tolist(),
        "bias": fitted.scorer.linear.bias.round(DIGITS).tolist(),
        "temperature": fitted.temperature,
        "model": validation.probabilities.round(DIGITS).tolist(),
        "baseline": baseline.probabilities.round(DIGITS).tolist(),
        "suspects": jsonable([vars(one) for one in suspect_labels(validation, most=20)]),
        "curve": _CURVE.dump_python(learning_curve(examples, (LOGISTIC, TFIDF)), mode="json"),
    }


def _data(language: str) -> Labelled:
    data = bundled.load(data_name(language))
    assert isinstance(data, Labelled)
    return data


def _results(language: str, stored: dict[str, Any], which: str) -> Results:
    data = _data(language)
    return Results(
        data.text, data.label, tuple(stored["classes"]), np.array(stored[which], dtype=np.float64), several=False
    )


def _stored(language: str) -> dict[str, Any]:
    file = FOLDER / f"classify_{language}.json"
    stored: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return stored

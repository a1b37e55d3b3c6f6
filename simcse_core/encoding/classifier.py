"""What a model may carry beside its weights: a linear classifier of its embeddings, and how its cosines become
probabilities of a match.

It stands in `simcse_classifier.safetensors` in the model's folder, which other libraries leave alone. Applying it needs
NumPy only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from simcse_core.encoding.layout import CARRIED_FILE
from simcse_core.encoding.tensor_file import TensorFile
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import ModelError

Probabilities = NDArray[np.float64]
"""(N, C), rows of texts and columns of classes."""

MATCH, MISMATCH = "match", "mismatch"
"""The classes of pairs."""
_Finite = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one text, or of one pair of texts."""

    label: str | None
    """The most probable class; None where its probability is below the threshold, so that no class is named."""
    probability: float
    """Of the most probable class, named or not."""
    probabilities: Mapping[str, float]
    """Of each class. They add up to 1, unless a text may have several labels."""
    labels: tuple[str, ...] = ()
    """The classes whose probability reaches the threshold, the most probable first; where a text has one label, that
    one."""


def predictions(
    probabilities: Probabilities, classes: Sequence[str], threshold: float, *, several: bool = False
) -> list[Prediction]:
    """Probabilities as predictions.

    Args:
        probabilities: (N, C).
        classes: C names.
        threshold: a class below it is not named.
        several: whether a text may have several labels.
    """
    return [_prediction(row, classes, threshold, several=several) for row in probabilities]


def _prediction(row: Probabilities, classes: Sequence[str], threshold: float, *, several: bool) -> Prediction:
    order = np.argsort(-row, kind="stable")
    best, probability = int(order[0]), float(row[order[0]])
    chosen = [int(place) for place in (order if several else order[:1]) if row[place] >= threshold]
    return Prediction(
        label=classes[best] if chosen else None,
        probability=probability,
        probabilities=dict(zip(classes, row.tolist(), strict=True)),
        labels=tuple(classes[place] for place in chosen),
    )


@dataclass(frozen=True, eq=False)
class LinearClassifier:
    """Classes by one matrix product: logistic regression, nearest centre, or what a loss has learned."""

    classes: tuple[str, ...]
    """C names."""
    weights: NDArray[np.float64]
    """(C, D)."""
    bias: NDArray[np.float64]
    """(C,)."""
    temperature: float = 1.0
    """Divides the scores before they become probabilities; above 1 where the scores alone would be too sure."""
    several: bool = False
    """Whether a text may have several labels, each with a probability of its own."""

    def scores(self, embeddings: Embeddings) -> NDArray[np.float64]:
        """(N, D) unit rows -> (N, C), higher is more likely; before the temperature.

        Raises:
            ModelError: the embeddings are of another length.
        """
        if embeddings.shape[1] != self.weights.shape[1]:
            raise ModelError(
                "The classifier reads embeddings of {wanted} dimensions, and these have {given}. Encode with the model "
                "and the settings that it was fitted with, or fit a new one.",
                wanted=self.weights.shape[1],
                given=embeddings.shape[1],
            )
        return np.asarray(embeddings, dtype=np.float64) @ self.weights.T + self.bias

    def probabilities(self, embeddings: Embeddings) -> Probabilities:
        """(N, D) unit rows -> (N, C). Errors as for `scores`."""
        scaled = self.scores(embeddings) / self.temperature
        return sigmoid(scaled) if self.several else softmax(scaled)


@dataclass(frozen=True)
class MatchScale:
    """Cosines to probabilities of a match: sigmoid(scale · cosine + bias), as binary cross-entropy learns it."""

    scale: float
    bias: float
    prompts: tuple[str, str] = ("", "")
    """What is put before the first and the second text of a pair: a model may read answers unlike questions."""

    def probabilities(self, cosines: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """(N,) -> (N,)."""
        return sigmoid(np.asarray(cosines, dtype=np.float64) * self.scale + self.bias)


@dataclass(frozen=True)
class Carried:
    """What a training has learned beside the encoder."""

    classifier: LinearClassifier | None = None
    matches: MatchScale | None = None

    def __bool__(self) -> bool:
        return self.classifier is not None or self.matches is not None


NOTHING = Carried()


def softmax(scores: NDArray[np.float64]) -> Probabilities:
    """(N, C) -> (N, C) rows that add up to 1."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def sigmoid(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + e^-x), each on its own, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(scores / 2)))


class _Facts(BaseModel):
    """What the file says beside its tensors."""

    classes: list[str] = []
    temperature: Annotated[_Finite, Field(gt=0)] = 1.0
    several: bool = False
    scale: _Finite | None = None
    bias: _Finite | None = None
    prompts: tuple[str, str] = ("", "")


def save_carried(carried: Carried, folder: Path) -> None:
    """Write what a model carries into its folder; nothing where it carries nothing."""
    path = folder / CARRIED_FILE
    if not carried:
        path.unlink(missing_ok=True)
        return
    facts, tensors = _Facts(), {}
    if carried.matches is not None:
        facts = facts.model_copy(update=asdict(carried.matches))
    if (linear := carried.classifier) is not None:
        tensors = {"weights": linear.weights, "bias": linear.bias}
        of_linear = {"classes": list(linear.classes), "temperature": linear.temperature, "several": linear.several}
        facts = facts.model_copy(update=of_linear)
    TensorFile(facts.model_dump_json(), tensors).write(path)


def load_carried(folder: Path, name: str) -> Carried:
    """What a model's folder carries.

    Raises:
        ModelError: the file is damaged.
    """
    path = folder / CARRIED_FILE
    if not path.is_file():
        return NOTHING
    file = TensorFile.read(path, name)
    facts = file.facts_as(_Facts, path, name)
    scale, bias = facts.scale, facts.bias
    matches = None if scale is None or bias is None else MatchScale(scale, bias, facts.prompts)
    return Carried(linear_from(file.tensors, facts.classes, facts.temperature, name, several=facts.several), matches)


def linear_from(
    tensors: Mapping[str, NDArray[Any]], classes: Sequence[str], temperature: float, name: str, *, several: bool
) -> LinearClassifier | None:
    """A classifier from a file's tensors; None where there are no classes.

    Raises:
        ModelError: they do not fit each other, or are no numbers.
    """
    if not classes:
        return None
    weights, bias = tensors.get("weights"), tensors.get("bias")
    fits = (
        weights is not None
        and bias is not None
        and weights.ndim == 2
        and bias.shape == (len(classes),) == weights.shape[:1]
        and len(set(classes)) == len(classes)
        and bool(np.isfinite(weights).all() and np.isfinite(bias).all())
    )
    if not fits or weights is None or bias is None:
        raise ModelError("The classifier of {name} is damaged: its weights and its classes do not fit.", name=name)
    return LinearClassifier(
        tuple(classes), weights.astype(np.float64), bias.astype(np.float64), temperature, several=several
    )

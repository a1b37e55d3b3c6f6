"""Applying what a model carries beside its weights."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from simcse_core.encoding.classifier import MATCH, MISMATCH, Carried, MatchScale, Prediction, predictions
from simcse_core.encoding.texts import each
from simcse_core.errors import InputError, ModelError, OptionError

if TYPE_CHECKING:
    from simcse_core.encoding.texts import Embeddings


class _Encodes(Protocol):
    name: str

    def encode(self, texts: list[str]) -> "Embeddings": ...


def predict(
    model: _Encodes, carried: Carried, texts: Iterable[str] | Iterable[tuple[str, str]], threshold: float
) -> list[Prediction]:
    """What a model has learned to say of texts, or of pairs of them. Arguments and errors as for `SimCSE.predict`."""
    if not 0 <= threshold <= 1:  # False for NaN too
        raise OptionError("The threshold is {given}: a probability is from 0 to 1.", given=threshold)
    if isinstance(texts, str):
        raise InputError("Give a list of texts, not a single text: [{text!r}].", text=texts[:40])
    items = list(texts)
    if items and all(_is_pair(item) for item in items):
        return _of_pairs(model, carried, [(str(first), str(second)) for first, second in items], threshold)
    listed = list(each(items))  # type: ignore[arg-type] # which refuses what is no text
    if carried.classifier is None:
        raise _nothing(model.name, "of texts", carried)
    probabilities = carried.classifier.probabilities(model.encode(listed))
    return predictions(probabilities, carried.classifier.classes, threshold, several=carried.classifier.several)


def _of_pairs(model: _Encodes, carried: Carried, pairs: list[tuple[str, str]], threshold: float) -> list[Prediction]:
    if carried.matches is None:
        raise _nothing(model.name, "of pairs of texts", carried)
    matches = match_probabilities(model, carried.matches, pairs)
    return predictions(np.stack([matches, 1 - matches], axis=1), (MATCH, MISMATCH), threshold)


def match_probabilities(
    model: _Encodes, scale: MatchScale, pairs: list[tuple[str, str]]
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """(N,) the probability that the two texts of each of N pairs match."""
    before = scale.prompts
    both = model.encode([before[side] + pair[side] for side in (0, 1) for pair in pairs]).astype(np.float64)
    return scale.probabilities((both[: len(pairs)] * both[len(pairs) :]).sum(axis=1))


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple | list) and len(item) == 2 and all(isinstance(side, str) for side in item)


def _nothing(name: str, wanted: str, carried: Carried) -> ModelError:
    if carried.matches is not None:
        return ModelError(
            "{name} has learned whether two texts match, and no classes: give predict pairs of texts. For classes fit "
            "a classifier: Classifier.fit(texts, labels, model=...).",
            name=name,
        )
    if carried.classifier is not None:
        return ModelError(
            "{name} has learned classes of texts, and not when two texts match: give predict single texts.", name=name
        )
    return ModelError(
        "{name} carries nothing that tells the class {wanted}: it was not trained on labels of that kind, or reads "
        "texts with other settings now. Fit a classifier on labelled texts: Classifier.fit(texts, labels, model=...), "
        "or python -m simcse_core classify --train FILE --model MODEL --save FILE.",
        name=name,
        wanted=wanted,
    )

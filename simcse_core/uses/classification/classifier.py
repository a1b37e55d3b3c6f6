"""A classifier of texts: fitted on labelled ones, calibrated, saved without pickle, applied with the same model."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from simcse_core.encoding.classifier import Prediction, Probabilities, linear_from, predictions
from simcse_core.encoding.given import Trained, named_or_loaded
from simcse_core.encoding.identity import Identity
from simcse_core.encoding.tensor_file import TensorFile
from simcse_core.encoding.texts import Embeddings, Progress, checked
from simcse_core.errors import DataError, ModelError, OptionError
from simcse_core.learning.calibration import to_probabilities
from simcse_core.uses.classification.examples import Examples
from simcse_core.uses.classification.labels import names_of
from simcse_core.uses.classification.methods import (
    LOGISTIC,
    METHODS,
    Linear,
    Neighbours,
    Scorer,
    fit_scorer,
    unknown_method,
)
from simcse_core.uses.classification.results import SEVERAL_FROM, Results
from simcse_core.uses.classification.validation import FOLDS, Validation, check_classes, cross_validate

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Encoder

FORMAT = 1
Method = Literal["logistic", "centre", "knn"]


@dataclass(frozen=True, eq=False)
class Classifier:
    """Says of texts which class they are of, with probabilities; of which it is not sure enough it says nothing.

    Example:
        >>> from simcse_core.encoding.model import SimCSE
        >>> texts = ["Where is my card?", "My card is lost.", "Send money home.", "Transfer 20 euros."]
        >>> classifier = Classifier.fit(texts, ["card", "card", "transfer", "transfer"])
        >>> classifier.predict(["The card has not arrived."])[0].label
        'card'
    """

    scorer: Scorer
    method: str
    temperature: float
    """Divides the scores before they become probabilities (`calibration`)."""
    threshold: float = 0.0
    """A class below this probability is not named. Where texts may have several labels it is 0.5 at first."""
    several: bool = False
    """Whether a text may have several labels."""
    identity: Identity | None = None
    """Of the encoder; None where only embeddings were given."""
    validation: Validation | None = None
    """The cross-validation that it was calibrated by; None after loading, and where there were too few texts."""
    encoder: "Encoder | None" = field(default=None, repr=False)

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        labels: Iterable[object],
        *,
        model: "str | Path | Encoder | Trained" = "minilm",
        method: str = LOGISTIC,
        threshold: float | None = None,
        seed: int = 0,
        on_progress: Progress | None = None,
    ) -> "Classifier":
        """Learn from labelled texts.

        Args:
            texts: N texts.
            labels: N classes: texts, numbers, or truth values; or N lists of them, where texts have several labels.
            model: what encodes them: a name as for `load`, a loaded model, or the result of a training.
            method: "logistic" regression, nearest "centre", or "knn" (ten nearest neighbours).
            threshold: least probability with which a class is named; None is 0, with several labels 0.5.
            seed: of the parts that the probabilities are calibrated on.
            on_progress: receives (done, total) while texts are encoded.

        Raises:
            DataError: there are no texts, a text has no label, or there is one class only.
            InputError: `texts` is no list of texts.
            OptionError: there is no such method, or the threshold is not between 0 and 1.
        """
        _check_method(method)
        encoder, listed = _loaded(model), checked(texts)
        names = names_of(labels)
        if len(listed) != len(names):
            raise DataError(
                "There are {texts} texts and {labels} labels: each text needs one.",
                texts=len(listed),
                labels=len(names),
            )
        examples = Examples.of(listed, names, encoder.encode(listed, on_progress=on_progress))
        fitted = cls.fit_examples(examples, method=method, threshold=threshold, seed=seed)
        return replace(fitted, identity=Identity.of(encoder), encoder=encoder)

    @classmethod
    def fit_examples(
        cls,
        examples: Examples,
        *,
        method: str = LOGISTIC,
        threshold: float | None = None,
        seed: int = 0,
        validation: Validation | None = None,
        encoder: "Encoder | None" = None,
    ) -> "Classifier":
        """Learn from texts whose embeddings are there already.

        Args:
            examples: N labelled texts with their embeddings.
            method, threshold, seed: as for `fit`.
            validation: a cross-validation of the same examples and method, which else is made here.
            encoder: what made the embeddings; without it the classifier takes embeddings only, and cannot be saved.

        Raises:
            DataError, OptionError: as for `fit`.
        """
        _check_method(method)
        examples.check_contrast()
        if validation is None and (folds := min(FOLDS, len(set(examples.groups.tolist())))) >= 2:
            validation = cross_validate(examples, method, folds=folds, seed=seed)
        return cls(
            scorer=fit_scorer(examples, method, None if validation is None else validation.strength),
            method=method,
            temperature=1.0 if validation is None else validation.temperature,
            several=examples.several,
            validation=validation,
            identity=None if encoder is None else Identity.of(encoder),
            encoder=encoder,
        ).with_threshold(threshold if threshold is not None else SEVERAL_FROM if examples.several else 0.0)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the columns of `probabilities`."""
        return self.scorer.classes

    def with_threshold(self, threshold: float) -> "Classifier":
        """The same classifier, naming no class below this probability.

        Raises:
            OptionError: it is not from 0 to 1.
        """
        if not 0 <= threshold <= 1:  # False for NaN too
            raise OptionError("The threshold is {given}: a probability is from 0 to 1.", given=threshold)
        return replace(self, threshold=float(threshold))

    def with_encoder(self, model: "str | Path | Encoder | Trained") -> "Classifier":
        """The same classifier with a model that is loaded already, or that has another name here.

        Raises:
            ModelError: it gives other embeddings than the model that the classifier was made with.
        """
        if self.identity is None:
            raise ModelError(
                "The classifier was fitted on embeddings without a model, so no text can be encoded for it."
            )
        given = named_or_loaded(model)
        encoder = self._as_made(given) if isinstance(given, str) else given
        self.identity.check(encoder, "The classifier")
        return replace(self, encoder=encoder)

    def predict(self, texts: Iterable[str]) -> list[Prediction]:
        """Which class each text is of.

        Args:
            texts: N texts.

        Returns:
            N predictions.

        Raises:
            InputError: `texts` is no list of texts.
            ModelError: there is no model to encode with, or it is another one than the classifier was made with.
        """
        listed = checked(texts)
        encoder = self.encoder
        if encoder is None:
            if self.identity is None:
                raise ModelError(
                    "The classifier was fitted on embeddings without a model. Call predict_embeddings, or fit it with "
                    "the model."
                )
            encoder = self.with_encoder(self.identity.model).encoder
            object.__setattr__(self, "encoder", encoder)  # so that it is loaded once
        assert encoder is not None
        return self.predict_embeddings(encoder.encode(listed))

    def predict_embeddings(self, embeddings: Embeddings) -> list[Prediction]:
        """As `predict`, for texts whose (N, D) embeddings are there already."""
        return predictions(self.probabilities(embeddings), self.classes, self.threshold, several=self.several)

    def probabilities(self, embeddings: Embeddings) -> Probabilities:
        """(N, D) embeddings -> (N, C) probabilities, columns in the order of `classes`."""
        return to_probabilities(self.scorer.scores((), embeddings), self.temperature, several=self.several)

    def evaluate(self, examples: Examples) -> Results:
        """What it does on other labelled texts.

        Args:
            examples: N of them, that it has not learned from.

        Raises:
            DataError: none of their classes is one that it has learned.
        """
        check_classes(self.classes, examples.classes)
        return Results(
            examples.texts, examples.labels, self.classes, self.probabilities(examples.embeddings), self.several
        )

    def save(self, file: Path | str) -> None:
        """Write it to a file of safetensors, which holds numbers and names and no code; the texts are not in it.

        Raises:
            ModelError: it was made of embeddings without a model, so nobody could use it.
            OSError: the file cannot be written.
        """
        if self.identity is None:
            raise ModelError(
                "The classifier was fitted on embeddings without a model. Fit it with the model to save it."
            )
        facts = _Facts(
            method=cast(Method, self.method),
            classes=list(self.classes),
            temperature=self.temperature,
            threshold=self.threshold,
            several=self.several,
            model=self.identity.model,
            layers=self.identity.layers,
            pooling=self.identity.pooling,
            prompt=self.identity.prompt,
            dim=self.identity.dim,
        )
        tensors: dict[str, NDArray[Any]] = {"probe": self.identity.probe}
        if isinstance(self.scorer, Linear):
            tensors |= {"weights": self.scorer.linear.weights, "bias": self.scorer.linear.bias}
        elif isinstance(self.scorer, Neighbours):
            facts.neighbours = self.scorer.neighbours
            tensors |= {"embeddings": self.scorer.embeddings, "marks": self.scorer.marks.astype(np.uint8)}
        TensorFile(facts.model_dump_json(), tensors).write(Path(file))

    @classmethod
    def load(cls, file: Path | str, *, model: "str | Path | Encoder | Trained | None" = None) -> "Classifier":
        """Read what `save` wrote. Its model is loaded when it is used.

        Args:
            file: to read.
            model: in the place of the one that the file names, for example where that folder has another place here.

        Raises:
            ModelError: the file is missing or damaged; or the model gives other embeddings.
        """
        path = Path(file)
        content = TensorFile.read(path, path.name)
        facts = content.facts_as(_Facts, path, path.name)
        if facts.format != FORMAT:
            raise ModelError(
                "{file} has the format {given}; this version reads {wanted}. Fit the classifier again.",
                file=path.name,
                given=facts.format,
                wanted=FORMAT,
            )
        probe = content.tensors.get("probe")
        if probe is None or probe.shape != (facts.dim,):
            raise ModelError("{file} is damaged: it does not say which model it is for.", file=path.name)
        loaded = cls(
            scorer=_scorer_from(content, facts, path.name),
            method=facts.method,
            temperature=facts.temperature,
            threshold=facts.threshold,
            several=facts.several,
            identity=Identity(facts.model, facts.layers, facts.pooling, facts.prompt, facts.dim, probe),
        )
        return loaded if model is None else loaded.with_encoder(model)

    def _as_made(self, name: str | Path) -> "Encoder":
        """A model by name, with the settings that the classifier was made with."""
        from simcse_core.encoding import catalogue

        assert self.identity is not None
        model = catalogue.load(str(name))
        if model.layers is None or self.identity.layers is None:
            return model.configured(dim=self.identity.dim)
        if self.identity.layers > model.layers:
            return model  # the check says what differs
        return cast("Encoder", _set_as(model, self.identity))


class _Facts(BaseModel):
    """What the file says beside its tensors."""

    format: int = FORMAT
    method: Method
    classes: Annotated[list[str], Field(min_length=1)]
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    threshold: Annotated[float, Field(ge=0, le=1)]
    several: bool
    model: str
    layers: int | None
    pooling: str | None
    prompt: str
    dim: int
    neighbours: int | None = None


def _set_as(model: object, identity: Identity) -> object:
    from simcse_core.encoding.model import SimCSE

    assert isinstance(model, SimCSE)
    return model.configured(
        layer=None if identity.layers == model.layers else identity.layers,
        pooling=None if identity.pooling == model.pooling else identity.pooling,
        prompt=None if identity.prompt == model.prompts.text else identity.prompt,
        dim=None if identity.dim == model.dim else min(identity.dim, model.whole_dim),
    )


def _scorer_from(content: TensorFile, facts: _Facts, name: str) -> Scorer:
    tensors, classes = content.tensors, tuple(facts.classes)
    if facts.method != "knn":
        linear = linear_from(tensors, classes, facts.temperature, name, several=facts.several)
        assert linear is not None
        return Linear(linear)
    embeddings, marks = tensors.get("embeddings"), tensors.get("marks")
    if (
        embeddings is None
        or marks is None
        or embeddings.ndim != 2
        or marks.shape != (len(embeddings), len(classes))
        or not np.isfinite(embeddings).all()
        or not (facts.neighbours or 0) > 0
    ):
        raise ModelError("{file} is damaged: its examples and its classes do not fit.", file=name)
    return Neighbours(classes, embeddings, marks.astype(bool), facts.neighbours or 1, facts.several)


def _loaded(model: "str | Path | Encoder | Trained") -> "Encoder":
    given = named_or_loaded(model)
    if not isinstance(given, str):
        return given
    from simcse_core.encoding import catalogue

    return catalogue.load(given)


def _check_method(method: str) -> None:
    if method not in METHODS:
        raise unknown_method(method)

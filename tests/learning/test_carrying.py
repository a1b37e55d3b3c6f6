"""What a training leaves with its model: what the loss learned, or a logistic regression on the training texts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from simcse_core.data.kinds import Labelled
from simcse_core.encoding.classifier import NOTHING, Carried, sigmoid, softmax
from simcse_core.encoding.model import SimCSE
from simcse_core.learning import training as module
from simcse_core.learning.carrying import complete
from simcse_core.learning.ended import Ended
from simcse_core.learning.losses.centers import class_logits
from simcse_core.learning.measuring import measure
from simcse_core.learning.settings import training_settings
from simcse_core.learning.training import train
from tests.learning.small import LABELS, TEXTS, data_of, tiny_model


def trained(kind: str, loss: str, dev: bool = False, **settings: Any) -> tuple[SimCSE, Carried]:
    model = tiny_model()
    chosen = training_settings({"loss": loss, "steps": 4, "batch_size": 16, "precision": "float32", **settings})
    held = data_of(kind) if dev else None
    (ended,) = (record for record in train(model, data_of(kind), held, chosen) if isinstance(record, Ended))
    return model, ended.carried


def test_center_leaves_its_classifier_with_its_temperature() -> None:
    model, carried = trained("labelled", "center")
    assert carried.classifier is not None
    assert carried.matches is None
    assert carried.classifier.classes == tuple(sorted(set(LABELS)))
    embeddings = model.encode(TEXTS)
    logits = class_logits(torch.from_numpy(embeddings), torch.from_numpy(carried.classifier.weights).float(), 0.1)
    np.testing.assert_allclose(
        carried.classifier.probabilities(embeddings), softmax(logits.double().numpy()), atol=1e-5
    )
    model.carried = carried
    hits = [one.label == label for one, label in zip(model.predict(TEXTS), LABELS, strict=True)]
    assert np.mean(hits) > 0.9  # it starts at the means of the classes


@pytest.mark.parametrize("kind", ["pairs", "answers", "labelled"])
def test_bce_leaves_scale_and_bias_and_they_are_those_of_the_last_step(kind: str) -> None:
    model, carried = trained(kind, "bce")
    assert carried.matches is not None
    assert carried.classifier is None
    scale, bias = carried.matches.scale, carried.matches.bias
    assert scale != 10.0  # it is learned
    model.carried = carried
    (said,) = model.predict([(TEXTS[0], TEXTS[7])])
    first, second = model.encode([TEXTS[0], TEXTS[7]]).astype(np.float64)
    assert said.probabilities["match"] == pytest.approx(
        float(sigmoid(np.array(first @ second * scale + bias))), abs=1e-5
    )


@pytest.mark.parametrize(("kind", "loss"), [("labelled", "supcon"), ("pairs", "cross_entropy"), ("texts", "mlm")])
def test_other_losses_learn_nothing_that_stays(kind: str, loss: str) -> None:
    if loss == "mlm":
        from simcse_core.learning.pretraining import pretraining

        loss = pretraining.names()[0]
    assert trained(kind, loss)[1] == NOTHING


def test_a_broken_off_training_leaves_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameters of the loss go on from the checkpoint, and those of the best moment come out of it."""
    settings = training_settings(
        {"loss": "center", "steps": 6, "batch_size": 16, "precision": "float32", "keep": "best", "eval_steps": 1}
    )
    data = data_of("labelled")

    def carried_of(records: Any) -> Carried:
        (ended,) = (record for record in records if isinstance(record, Ended))
        assert ended.carried.classifier is not None
        return ended.carried

    whole = carried_of(train(tiny_model(), data, data, settings)).classifier
    steps = iter([False] * 3 + [True] * 9)
    file = tmp_path / "checkpoint"
    list(train(tiny_model(), data, data, settings, checkpoint=file, stop=lambda: next(steps)))
    again = carried_of(train(tiny_model(), data, data, settings, checkpoint=file, resume=True)).classifier
    assert whole is not None
    assert again is not None
    np.testing.assert_array_equal(whole.weights, again.weights)


def test_the_best_moments_classifier_goes_with_the_best_moments_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the start is best, the classifier is the one that the training began with: the means of the classes."""
    data = data_of("labelled")
    settings: Any = {"loss": "center", "steps": 3, "batch_size": 16, "precision": "float32", "eval_steps": 1}
    monkeypatch.setattr(module, "main_metric", lambda metrics, worse=iter(range(0, -99, -1)): float(next(worse)))
    model = tiny_model()
    chosen = training_settings({**settings, "keep": "best"})
    (ended,) = (record for record in train(model, data, data, chosen) if isinstance(record, Ended))
    assert ended.kept_step == 0
    assert ended.carried.classifier is not None
    before = tiny_model().encode(TEXTS)
    np.testing.assert_allclose(model.encode(TEXTS), before, atol=1e-6)
    for place, name in enumerate(ended.carried.classifier.classes):
        mean = before[[label == name for label in LABELS]].sum(axis=0)
        np.testing.assert_allclose(ended.carried.classifier.weights[place], mean / np.linalg.norm(mean), atol=1e-5)


def test_without_a_classifier_of_its_loss_a_run_gets_a_logistic_regression() -> None:
    model, data = tiny_model(), data_of("labelled")
    carried = complete(NOTHING, model, data, None)
    assert carried.classifier is not None
    embeddings = model.encode(TEXTS)
    found = carried.classifier.scores(embeddings).argmax(axis=1)
    fits = [
        LogisticRegression(C=strength, max_iter=1_000).fit(embeddings, LABELS).predict(embeddings).tolist()
        for strength in (1.0, 10.0, 100.0)
    ]
    assert [carried.classifier.classes[place] for place in found] in fits


def test_probabilities_are_calibrated_on_held_out_texts() -> None:
    model, data = tiny_model(), data_of("labelled")
    assert isinstance(data, Labelled)
    rows = list(range(len(data)))
    learned, dev = data.take(rows[::2]), data.take(rows[1::2])
    plain, calibrated = (complete(NOTHING, model, learned, held).classifier for held in (None, dev))
    assert plain is not None
    assert calibrated is not None
    assert plain.temperature == 1.0
    np.testing.assert_array_equal(plain.weights, calibrated.weights)
    embeddings = model.encode(dev.text)
    truth = [calibrated.classes.index(label) for label in dev.label]

    def cost(classifier: Any) -> float:
        return -float(np.log(classifier.probabilities(embeddings)[np.arange(len(truth)), truth]).mean())

    assert cost(calibrated) <= cost(plain) + 1e-3


@pytest.mark.parametrize("kind", ["pairs", "scored", "texts"])
def test_data_without_classes_gets_no_classifier(kind: str) -> None:
    assert complete(NOTHING, tiny_model(), data_of(kind), None) == NOTHING


def test_dev_texts_of_other_classes_do_not_calibrate() -> None:
    model, data = tiny_model(), data_of("labelled")
    other = Labelled("other", TEXTS, tuple(f"new {label}" for label in LABELS))
    classifier = complete(NOTHING, model, data, other).classifier
    assert classifier is not None
    assert classifier.temperature == 1.0
    assert measure(model, data).items.count  # the model is as it was

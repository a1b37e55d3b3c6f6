from dataclasses import asdict

import numpy as np
import pytest
import torch

from simcse_core.data.bundled import load as bundled
from simcse_core.data.kinds import Labelled, Scored, Texts
from simcse_core.data.splits import split_labelled
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import DataError, OptionError
from simcse_core.learning.ended import Ended
from simcse_core.learning.losses import losses
from simcse_core.learning.measuring import evaluate
from simcse_core.learning.records import Evaluation, Note, Step
from simcse_core.learning.settings import MOST_EPOCHS, TrainingSettings, training_settings
from simcse_core.learning.training import Loop, train
from simcse_core.meaning.evaluation import LabelledMetrics, ScoredMetrics
from tests.learning.small import data_of, tiny_model


def small(classes: int = 3, each: int = 8) -> tuple[Labelled, Labelled]:
    data = bundled("intents-en")
    assert isinstance(data, Labelled)
    keep = [
        at
        for name in data.classes[:classes]
        for at in [at for at, label in enumerate(data.label) if label == name][: 2 * each]
    ]
    return split_labelled(data.take(keep), dev_share=0.5)


def run(settings: dict[str, object], **model: object) -> tuple[SimCSE, list[Step | Evaluation | Note | Ended]]:
    trained = SimCSE.load("minilm", device="cpu", **{"layer": 2, **model})  # type: ignore[arg-type]
    data, dev = small()
    return trained, list(
        train(
            trained, data, dev, training_settings({"epochs": 3, "batch_size": 12, "precision": "float32", **settings})
        )
    )


@pytest.mark.parametrize("loss", [loss.name for loss in losses.entries() if "labelled" in loss.kinds])
def test_every_loss_improves_held_out_texts_of_its_classes(loss: str) -> None:
    _model, records = run({"loss": loss, "learning_rate": 3e-4, "tune": "top:2", "epochs": 4})
    ended = records[-1]
    assert isinstance(ended, Ended)
    assert isinstance(ended.dev_before, LabelledMetrics)
    assert isinstance(ended.dev_after, LabelledMetrics)
    assert ended.dev_after.mean_average_precision > ended.dev_before.mean_average_precision + 0.02


def test_the_records_of_a_run_are_complete() -> None:
    _model, records = run({"loss": "bce"})
    steps = [record for record in records if isinstance(record, Step)]
    evaluations = [record for record in records if isinstance(record, Evaluation)]
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6]
    assert {step.steps for step in steps} == {6}
    assert [evaluation.epoch for evaluation in evaluations] == [0, 1, 2, 3]
    assert set(steps[0].observed) == {"scale", "bias", "cosine_of_matches", "cosine_of_mismatches"}
    assert steps[-1].observed["scale"] != steps[0].observed["scale"]  # it is learned
    assert isinstance(records[-1], Ended)
    assert records[-1].reason == "epochs"


def test_the_same_seed_gives_the_same_run_and_another_one_does_not() -> None:
    def losses_of(seed: int) -> list[float]:
        return [record.loss for record in run({"seed": seed, "epochs": 1})[1] if isinstance(record, Step)]

    assert losses_of(1) == losses_of(1)
    assert losses_of(1) != losses_of(2)


def test_only_what_is_tuned_changes() -> None:
    before = SimCSE.load("minilm", device="cpu", layer=2).state_dict()
    after = run({"tune": "top:1", "learning_rate": 1e-3})[0].state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed
    assert all(".layer.1." in name for name in changed)


def test_the_model_ends_with_the_weights_of_the_best_evaluation() -> None:
    """A learning rate that ruins the model: what is kept is the best moment, here the one before training."""
    model, records = run({"learning_rate": 0.5, "loss": "cross_entropy", "clip": 1e6})
    ended = records[-1]
    assert isinstance(ended, Ended)
    measured = [record.metrics for record in records if isinstance(record, Evaluation)]
    best = max(measured, key=lambda metrics: metrics["mean_average_precision"])
    assert ended.dev_after is not None
    assert asdict(ended.dev_after) == best
    assert asdict(evaluate(model, small()[1])) == best
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_a_head_is_added_and_trained_alone() -> None:
    model, records = run({"tune": "head", "head_learning_rate": 1e-2})
    assert isinstance(model.head, torch.nn.Linear)
    assert not torch.equal(model.head.weight, torch.eye(384))
    steps = [record for record in records if isinstance(record, Step)]
    assert steps[-1].loss < steps[0].loss


def test_a_frozen_encoder_learns_a_head() -> None:
    model = FrozenEncoder.load()
    data, dev = small()
    frozen = model.encode(data.text)
    records = list(
        train(model, data, dev, training_settings({"tune": "head", "epochs": 5, "head_learning_rate": 3e-3}))
    )
    steps = [record for record in records if isinstance(record, Step)]
    assert steps[-1].loss < steps[0].loss
    assert model.head is not None
    expected = frozen @ model.head.weight.detach().numpy().T + model.head.bias.detach().numpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(model.encode(data.text), expected, atol=1e-5)


def test_a_learning_rate_beyond_reason_ends_as_diverged() -> None:
    _model, records = run({"learning_rate": 1e9, "clip": 1e6, "epochs": 30})
    ended = records[-1]
    assert isinstance(ended, Ended)
    assert ended.reason == "diverged"


def test_a_ruined_model_is_never_the_best() -> None:
    """Vectors that are no numbers are a divergence, not a result."""
    model, records = run({"learning_rate": 1e9, "clip": 1e6, "warmup": 0, "epochs": 5, "batch_size": 24})
    ended = records[-1]
    assert isinstance(ended, Ended)
    assert ended.reason == "diverged"
    assert np.isfinite(model.encode(["A cat."])).all()
    assert ended.dev_after == ended.dev_before


def test_held_out_data_without_a_defined_metric_is_reported_all_the_same() -> None:
    data, _dev = small()
    one_class = Labelled("d", data.text[:4], ("x",) * 4)
    records = list(train(SimCSE.load("minilm", layer=1), data, one_class, training_settings({"epochs": 1})))
    ended = records[-1]
    assert isinstance(ended, Ended)
    assert isinstance(ended.dev_after, LabelledMetrics)
    assert ended.dev_after.n == 4


def test_a_time_budget_and_patience_end_a_run_early() -> None:
    _model, records = run({"seconds": 0.01, "epochs": 100})
    assert isinstance(records[-1], Ended)
    assert records[-1].reason == "seconds"
    assert records[-1].step < 5
    _model, records = run({"learning_rate": 0.5, "clip": 1e6, "patience": 2, "epochs": 100})
    assert isinstance(records[-1], Ended)
    assert records[-1].reason in ("patience", "diverged")
    assert records[-1].step < 100


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [
        r.learning_rate for r in run({"epochs": 5, "warmup": 0.3, "learning_rate": 1e-4})[1] if isinstance(r, Step)
    ]
    top = rates.index(max(rates))
    assert 0 < top < 5
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert max(rates) <= 1e-4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            Texts("d.csv", ("a", "b")),
            "cross_entropy learns from labelled, .* d.csv holds texts. From texts can learn: simcse, mlm",
        ),
        (Labelled("d.csv", ("a", "b"), ("x", "x")), "one class only"),
        (Labelled("d.csv", ("a", "b"), ("x", "y")), "Every class of d.csv has one text only"),
    ],
)
def test_data_that_teaches_nothing_is_refused(minilm: SimCSE, data: Labelled | Texts, message: str) -> None:
    with pytest.raises(DataError, match=message):
        train(minilm, data, None, TrainingSettings())


def test_too_much_work_is_refused_before_it_starts(minilm: SimCSE, monkeypatch: pytest.MonkeyPatch) -> None:
    data, _dev = small()
    monkeypatch.setenv("SIMCSE_MAX_TRAINING_STEPS", "3")
    with pytest.raises(OptionError, match="4 steps are planned: the limit is 3"):
        train(minilm.configured(layer=1), data, None, training_settings({"epochs": 2, "batch_size": 12}))
    monkeypatch.setenv("SIMCSE_MAX_TRAINING_ROWS", "5")
    with pytest.raises(DataError, match="24 rows: the limit for training is 5"):
        train(minilm, data, None, TrainingSettings())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"seconds": 0}, "seconds is 0"),
        ({"batch_size": 2}, "batch_size is 2"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"speed": 1}, "training has no option 'speed'"),
    ],
)
def test_settings_out_of_range_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        training_settings(given)


def test_evaluation_follows_the_kind_of_the_data(minilm: SimCSE) -> None:
    scored = Scored("d", ("A cat sleeps.", "A cat.", "Hi"), ("A cat naps.", "Stocks fell.", "Go"), (5.0, 0.0, 1.0))
    metrics = evaluate(minilm, scored)
    assert isinstance(metrics, ScoredMetrics)
    assert metrics.n == 3
    with pytest.raises(DataError, match="needs a score or a label"):
        evaluate(minilm, Texts("d", ("a",)))


def test_the_most_epochs_are_no_limit_beside_a_number_of_sentences() -> None:
    """Of few rows each may have to be seen more than a thousand times."""
    data = data_of("pairs").take(range(1, 9, 2))
    settings = training_settings(
        {"loss": "cross_entropy", "epochs": MOST_EPOCHS, "sentences": 8 * 1_001, "batch_size": 4, "tune": "head"}
    )
    loop = Loop(tiny_model(), data, None, settings, rehearsal=True)
    assert loop.steps == 1_001  # batches of four rows with two sentences each
    fewer = settings.model_copy(update={"epochs": 10})
    assert Loop(tiny_model(), data, None, fewer, rehearsal=True).steps == 10

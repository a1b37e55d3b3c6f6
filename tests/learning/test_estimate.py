from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch

from simcse_core.data.kinds import Dataset
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import OptionError
from simcse_core.learning.cached_encoder import CachedEncoder
from simcse_core.learning.estimate import Estimate, estimate
from simcse_core.learning.frozen_states import FrozenStates
from simcse_core.learning.objectives import EmbeddingLoss, HiddenWords, Result
from simcse_core.learning.records import Step
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.learning.training import train
from tests.learning.small import data_of, tiny_model


@dataclass
class WorkClock:
    """Time goes by only with work: so much for each row learned from, text read and text measured."""

    row: float = 0.01
    read: float = 0.004
    measured: float = 0.003
    now: float = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> WorkClock:
    clock = WorkClock()
    monkeypatch.setattr("simcse_core.learning.training.time", clock)
    monkeypatch.setattr("simcse_core.learning.estimate.time", clock)
    init, encode = FrozenStates.__init__, CachedEncoder.encode

    def timed_init(self: FrozenStates, model: SimCSE, texts: Sequence[str], layer: int, precision: str) -> None:
        clock.now += clock.read * len(texts)
        init(self, model, texts, layer, precision)

    def timed_encode(self: CachedEncoder, texts: Sequence[str], *, precision: str = "float32") -> Embeddings:
        clock.now += clock.measured * len(texts)
        return encode(self, texts, precision=precision)

    def timed(backward: object) -> object:
        def timed_backward(self: object, rows: list[int]) -> Result:
            clock.now += 0.005 + clock.row * len(rows)
            return backward(self, rows)  # type: ignore[operator]

        return timed_backward

    monkeypatch.setattr(FrozenStates, "__init__", timed_init)
    monkeypatch.setattr(CachedEncoder, "encode", timed_encode)
    for objective in (EmbeddingLoss, HiddenWords):
        monkeypatch.setattr(objective, "backward", timed(objective.backward))
    return clock


def settings_of(**given: object) -> TrainingSettings:
    return training_settings({"batch_size": 16, "precision": "float32", "epochs": 3, **given})


@pytest.mark.parametrize(
    ("kind", "dev", "given"),
    [
        ("pairs", "scored", {"loss": "bce", "tune": "top:1"}),
        ("labelled", "labelled", {"loss": "center", "tune": "head"}),
        ("labelled", "pairs", {"loss": "supcon", "eval_steps": 2}),
        ("texts", None, {"loss": "mlm"}),
        ("texts", None, {"loss": "simcse", "tune": "top:1"}),
        ("pairs", "scored", {"loss": "bce", "tune": "top:1", "epochs": 1_000, "seconds": 9.0}),
        ("answers", None, {"loss": "cosent", "steps": 5}),
        ("answers", "labelled", {"loss": "cosent", "sentences": 100, "epochs": 1_000}),
    ],
)
def test_a_training_takes_as_long_as_estimated(
    clock: WorkClock, kind: str, dev: str | None, given: dict[str, object]
) -> None:
    held_out = None if dev is None else data_of(dev)
    found = estimate(tiny_model(), data_of(kind), held_out, settings_of(**given))
    clock.now = 0.0
    records = list(train(tiny_model(), data_of(kind), held_out, settings_of(**given)))
    assert found.steps == pytest.approx(len([record for record in records if isinstance(record, Step)]), abs=1)
    assert found.seconds == pytest.approx(clock.now, rel=0.1)
    if "seconds" in given:
        assert found.seconds - found.seconds_measuring < 10.0


def test_a_slow_model_is_estimated_from_a_few_rows(clock: WorkClock) -> None:
    clock.row, clock.read, clock.measured = 0.1, 0.01, 0.01
    found = estimate(tiny_model(), data_of("labelled"), data_of("scored"), settings_of(loss="supcon", batch_size=48))
    assert found.seconds_per_step == pytest.approx(4.8, rel=0.1)
    assert clock.now < 4.0


@pytest.mark.parametrize(
    ("kind", "loss", "tune"),
    [("texts", "mlm", "all"), ("texts", "simcse", "top:1"), ("labelled", "center", "head"), ("pairs", "bce", "all")],
)
def test_an_estimate_leaves_the_model_as_it_was(kind: str, loss: str, tune: str) -> None:
    """Beside it chance goes on as if nothing had been."""
    model, data = tiny_model(), data_of(kind)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trains = [parameter.requires_grad for parameter in model.parameters()]
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    found = estimate(model, data, None, settings_of(loss=loss, tune=tune))
    assert torch.rand(1) == expected
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert [parameter.requires_grad for parameter in model.parameters()] == trains
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.head is None
    assert not model.training
    assert min(found.seconds_per_step, found.seconds_measuring, found.seconds_preparing) >= 0.0


def test_a_frozen_encoder_has_an_estimate_too(multilingual: FrozenEncoder) -> None:
    data: Dataset = data_of("labelled").take(range(12))
    found = estimate(multilingual, data, data, settings_of(loss="supcon", tune="head", epochs=2))
    assert found.steps == 2
    assert found.seconds_preparing > found.seconds_per_step
    assert multilingual.head is None


def test_the_parts_of_an_estimate_add_up() -> None:
    assert Estimate(10, 0.5, 2.0, 1.0).seconds == 8.0


def test_what_cannot_be_trained_has_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_TRAINING_STEPS", "3")
    with pytest.raises(OptionError, match="9 steps are planned"):
        estimate(tiny_model(), data_of("labelled"), None, settings_of(loss="supcon"))

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.protocol import Trainable
from simcse_core.encoding.texts import Embeddings
from simcse_core.learning.baselines import with_classifiers
from simcse_core.learning.cached_encoder import CachedEncoder
from simcse_core.learning.ended import Ended
from simcse_core.learning.measuring import measure
from simcse_core.learning.records import Evaluation
from simcse_core.learning.settings import training_settings
from simcse_core.learning.training import train
from simcse_core.meaning.items import Items
from tests.conftest import SENTENCES
from tests.learning.small import TEXTS, data_of, tiny_model


def shaken(model: Trainable) -> None:
    """As a training step would: all that may train changes."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn_like(parameter))


@pytest.mark.parametrize("pooling", ["mean", "max", "first_last_mean"])
@pytest.mark.parametrize("tune", ["head", "top:1", "all"])
def test_cached_texts_have_the_embeddings_of_the_model_at_every_moment(tune: str, pooling: str) -> None:
    model = tiny_model().configured(pooling=pooling)
    known = CachedEncoder(model, tune)
    before = known.encode(SENTENCES)
    np.testing.assert_allclose(before, model.encode(SENTENCES), atol=1e-5)
    shaken(model)
    np.testing.assert_allclose(known.encode(SENTENCES[::-2]), model.encode(SENTENCES[::-2]), atol=1e-5)
    assert not np.allclose(known.encode(SENTENCES), before, atol=1e-2)
    np.testing.assert_allclose(
        known.encode(["never seen", "A kitten naps."]), model.encode(["never seen", "A kitten naps."]), atol=1e-5
    )
    assert known.encode([]).shape == (0, model.dim)


def test_a_frozen_encoder_reads_a_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FrozenEncoder.load(head="random")
    known = CachedEncoder(model, "head")
    assert known.read(SENTENCES)
    expected = model.encode(SENTENCES)
    monkeypatch.setattr(FrozenEncoder, "_frozen", None)
    np.testing.assert_allclose(known.encode(SENTENCES), expected, atol=1e-5)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts went through frozen layers or whole models, one number a time."""
    numbers: list[int] = []
    encode, states_of = SimCSE.encode, SimCSE.states_of

    def counted_encode(self: SimCSE, texts: Sequence[str], **given: object) -> Embeddings:
        numbers.append(len(set(texts)))
        return encode(self, texts, **given)  # type: ignore[arg-type]

    def counted_states(self: SimCSE, prepared: Sequence[Sequence[int]], *given: object) -> object:
        numbers.append(len(prepared))
        return states_of(self, prepared, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(SimCSE, "encode", counted_encode)
    monkeypatch.setattr(SimCSE, "states_of", counted_states)
    return numbers


def test_a_training_of_the_upper_layers_reads_training_and_dev_texts_once(read: list[int]) -> None:
    dev, n = data_of("scored"), len(TEXTS)
    settings = training_settings({"loss": "bce", "tune": "top:1", "epochs": 4, "batch_size": 8})
    records = list(train(tiny_model(), data_of("pairs"), dev, settings))
    assert len([record for record in records if isinstance(record, Evaluation)]) == 5
    assert read == [n, n]


def test_the_classifiers_beside_a_training_read_nothing_anew(read: list[int]) -> None:
    data, dev = (data_of("labelled").take(range(first, 48, 2)) for first in (0, 1))
    settings = training_settings({"loss": "bce", "tune": "head", "epochs": 2, "batch_size": 8})
    model = tiny_model()
    encoder = CachedEncoder(model, settings.tune)
    with_classifiers(Items(), encoder, data, dev)
    *_records, ended = train(model, data, dev, settings, cached_encoder=encoder)
    assert isinstance(ended, Ended)
    assert ended.after is not None
    assert "logistic_accuracy" in with_classifiers(ended.after.items, encoder, data, dev).values
    assert read == [48, 24]  # for the classifiers, and for the loss to learn from


def test_a_training_that_is_given_a_cached_encoder_measures_the_same() -> None:
    dev = data_of("labelled")
    settings = training_settings({"loss": "supcon", "tune": "top:1", "epochs": 1, "batch_size": 8})
    found = []
    for give in (False, True):
        model = tiny_model()
        known = CachedEncoder(model, "top:1") if give else None
        ended = list(train(model, dev, dev, settings, cached_encoder=known))[-1]
        assert isinstance(ended, Ended)
        assert ended.dev_after is not None
        assert ended.after is not None
        anew = measure(model, dev)
        assert ended.after.geometry.uniformity == pytest.approx(anew.geometry.uniformity, abs=1e-5)
        metric = "mean_average_precision"
        np.testing.assert_allclose(ended.after.items.values[metric], anew.items.values[metric])
        found.append(ended.dev_after)
    assert found[0] == found[1]


def test_more_states_than_the_disk_may_hold_are_computed_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcse_core.learning.frozen_states.BYTES_PER_MEGABYTE", 1)
    monkeypatch.setenv("SIMCSE_MAX_CACHE_DISK_MEGABYTES", "1")
    model = tiny_model()
    known = CachedEncoder(model, "top:1")
    assert not known.read(TEXTS)
    np.testing.assert_array_equal(known.encode(TEXTS), model.encode(TEXTS))

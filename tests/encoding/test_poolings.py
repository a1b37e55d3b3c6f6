"""A pooling that somebody adds: its entry says all that saving, loading and training have to know."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.pooling import PoolingFunction, Saved, poolings
from simcse_core.encoding.saved import card_of
from simcse_core.errors import ModelError
from simcse_core.learning.frozen_states import FrozenStates
from tests.encoding.tiny import TEXTS, change, tiny

Added = Callable[..., str]


def weighted_mean(tokens: Tensor, mask: Tensor, first: Tensor) -> Tensor:
    """The average of the tokens, later ones counting more."""
    weights = (mask * torch.arange(1, mask.shape[1] + 1)).unsqueeze(-1)
    return (tokens * weights).sum(dim=1) / weights.sum(dim=1)


def first_last_max(tokens: Tensor, mask: Tensor, first: Tensor) -> Tensor:
    """The largest values of the chosen layer and layer 0, averaged."""
    return poolings["max"].function((tokens + first) / 2, mask, first)


def middle(tokens: Tensor, mask: Tensor, first: Tensor) -> Tensor:
    """Half of the mean and half of layer 0's largest values; no other library has it."""
    return poolings["mean"].function(tokens, mask, first) + poolings["max"].function(first, mask, first)


@pytest.fixture
def added() -> Iterator[Added]:
    """Registers a pooling for one test."""
    names = []

    def add(function: PoolingFunction, *, saved: Saved | None = None, needs_layer_0: bool = False) -> str:
        name = function.__name__
        poolings.register(name, saved=saved, needs_layer_0=needs_layer_0)(function)
        names.append(name)
        return name

    yield add
    for name in names:
        poolings.remove(name)


def test_a_pooling_that_sentence_transformers_has_is_saved_and_loaded_under_its_name(
    added: Added, tmp_path: Path
) -> None:
    name = added(first_last_max, saved=Saved("max", averages_layers=True), needs_layer_0=True)
    model = tiny().configured(pooling=name)
    model.save(tmp_path)
    expected = model.encode(TEXTS)
    assert np.abs(expected - tiny().encode(TEXTS)).max() > 1e-3  # the mean is something else
    oracle = SentenceTransformer(str(tmp_path), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(oracle, expected, atol=1e-5)
    loaded = SimCSE.load(str(tmp_path))
    assert loaded.pooling == card_of(tmp_path, "tiny", "Tiny").pooling == name
    np.testing.assert_allclose(loaded.encode(TEXTS), expected, atol=1e-6)


def test_a_pooling_that_no_folder_can_name_encodes_and_is_refused_before_it_is_trained_or_saved(
    added: Added, tmp_path: Path
) -> None:
    model = tiny().configured(pooling=added(middle, needs_layer_0=True))
    assert np.isfinite(model.encode(TEXTS)).all()
    assert (model.layers, "middle") in model.encode_grid(TEXTS, poolings.names())
    with pytest.raises(ModelError, match="pooling 'middle' cannot be trained or saved"):
        model.save(tmp_path / "model")
    with pytest.raises(ModelError, match="pooling 'middle' cannot be trained or saved"):
        model.tune("all")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("needs_layer_0", [True, False])
def test_cached_states_hold_layer_0_for_the_poolings_that_need_it(added: Added, needs_layer_0: bool) -> None:
    name = added(first_last_max if needs_layer_0 else weighted_mean, needs_layer_0=needs_layer_0)
    model = tiny().configured(pooling=name)
    states = FrozenStates(model, TEXTS, 2, "float32")
    assert states[0].shape[1] == model.bert.config.hidden_size * (1 + needs_layer_0)
    with torch.no_grad():
        embeddings = model.above(2).embed(list(states))
    np.testing.assert_allclose(embeddings.numpy(), model.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize(
    ("saved_with", "mode", "message"),
    [
        ("max", "median", "tiny pools by median"),
        ("first_last_mean", "max", "tiny averages layers and pools by max"),
    ],
)
def test_a_folder_whose_pooling_nobody_registered_is_refused(
    tmp_path: Path, saved_with: str, mode: str, message: str
) -> None:
    tiny().configured(pooling=saved_with).save(tmp_path)
    (pooling,) = tmp_path.glob("*_Pooling")
    change(pooling / "config.json", pooling_mode=mode)
    with pytest.raises(ModelError, match=message):
        card_of(tmp_path, "tiny", "Tiny")


def test_the_mean_by_the_root_of_the_length_is_read_as_the_mean(tmp_path: Path) -> None:
    """Only the direction of an embedding counts."""
    tiny().save(tmp_path)
    (pooling,) = tmp_path.glob("*_Pooling")
    change(pooling / "config.json", pooling_mode="mean_sqrt_len_tokens")
    loaded = SimCSE.load(str(tmp_path))
    assert loaded.pooling == "mean"
    oracle = SentenceTransformer(str(tmp_path), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(loaded.encode(TEXTS), oracle, atol=1e-5)
    loaded.save(tmp_path / "again")
    assert json.loads((tmp_path / "again" / pooling.name / "config.json").read_text())["pooling_mode"] == "mean"

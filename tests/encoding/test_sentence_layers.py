"""Layers that a folder brings behind its pooling, several poolings, layers on tokens: kept by all that uses a model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from simcse_core.encoding.dense import is_linear, width_before, width_behind
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.saved import card_of
from simcse_core.errors import ModelError, OptionError
from simcse_core.learning.cached_encoder import CachedEncoder
from simcse_core.learning.settings import TrainingSettings
from simcse_core.learning.training import train
from simcse_core.meaning.attribution import leave_one_out, word_pairs
from simcse_core.meaning.grid import similarity_grid
from tests.encoding.conformance import (
    FEATURES,
    PROMPTS,
    Base,
    dense,
    expected_rows,
    layer_norm,
    loaded,
    make_base,
    pooling,
    saved,
)
from tests.encoding.tiny import TEXTS
from tests.learning.small import data_of

Made = Callable[..., Path]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return make_base("bert", tmp_path_factory.mktemp("base") / "bert")


@pytest.fixture
def two_poolings(base: Base, tmp_path: Path) -> Path:
    saved(base, tmp_path / "theirs", pooling("cls", "mean"), dense(32, 12, nn.Tanh()), layer_norm(12))
    return tmp_path / "theirs"


@pytest.fixture
def on_tokens(base: Base, tmp_path: Path) -> Path:
    modules = (dense(16, 12, nn.Tanh(), on_tokens=True), pooling("max", "mean", width=12))
    saved(base, tmp_path / "tokens", *modules)
    return tmp_path / "tokens"


def test_a_folder_is_described_by_its_poolings(two_poolings: Path) -> None:
    assert card_of(two_poolings, "a", "A").pooling == "cls+mean"
    model = SimCSE.load(str(two_poolings))
    assert (model.pooling, model.dim, model.head) == ("cls+mean", 12, None)
    assert width_before(model.sentence_layers) == 32
    assert width_behind(model.sentence_layers, 32) == 12
    assert not is_linear(model.sentence_layers)


def test_poolings_can_be_joined_by_whoever_names_them(base: Base) -> None:
    model = SimCSE.load(str(base.folder))
    joined = model.configured(pooling="max+lasttoken")
    assert joined.dim == 32
    halves = [model.configured(pooling=name).encode(TEXTS) for name in ("max", "lasttoken")]
    rows = joined.encode(TEXTS)
    for half, expected in zip(np.split(rows, 2, axis=1), halves, strict=True):
        np.testing.assert_allclose(half / np.linalg.norm(half, axis=1, keepdims=True), expected, atol=1e-5)
    with pytest.raises(OptionError, match="Unknown pooling 'median'"):
        model.configured(pooling="max+median")


def test_a_pooling_or_head_that_does_not_fit_the_layers_behind_is_refused(two_poolings: Path) -> None:
    model = SimCSE.load(str(two_poolings))
    with pytest.raises(OptionError, match="take 32 numbers, and mean gives 16"):
        model.configured(pooling="mean")
    assert model.configured(pooling="max+lasttoken").dim == 12  # of the same width
    assert model.configured(head="random").dim == 12
    assert model.possible_poolings() == ["cls+mean"]


def test_an_average_of_two_layers_is_refused_behind_an_activation_on_tokens(on_tokens: Path) -> None:
    model = SimCSE.load(str(on_tokens))
    with pytest.raises(
        OptionError, match=r"first_last_mean does not go with .* its layers on tokens have an activation"
    ):
        model.configured(pooling="first_last_mean")
    assert model.configured(pooling="first_last_mean", head="none").dim == 16
    assert model.possible_poolings() == ["mean", "max", "cls", "max+mean"]


@pytest.mark.parametrize("folder", ["two_poolings", "on_tokens"])
def test_grid_states_and_upper_layers_give_what_the_model_gives(folder: str, request: pytest.FixtureRequest) -> None:
    model = SimCSE.load(str(request.getfixturevalue(folder)))
    expected = model.encode(TEXTS)
    grid = model.encode_grid(TEXTS, model.possible_poolings())
    np.testing.assert_allclose(grid[2, model.pooling], expected, atol=1e-5)
    np.testing.assert_allclose(grid[1, model.pooling], model.configured(layer=1).encode(TEXTS), atol=1e-5)
    states = dict(model.states_of(model.prepare(TEXTS), 1))
    with torch.no_grad():
        above = model.above(1).embed([states[number] for number in range(len(TEXTS))])
    np.testing.assert_allclose(above.numpy(), expected, atol=1e-5)
    assert similarity_grid(model, TEXTS[:3]).poolings == tuple(model.possible_poolings())


def test_parts_of_tokens_add_up_with_several_poolings_and_a_prompt_that_does_not_count(
    base: Base, tmp_path: Path
) -> None:
    saved(
        base,
        tmp_path,
        pooling("mean", "max", "weightedmean", "lasttoken", include_prompt=False),
        prompts=PROMPTS,
        default_prompt_name="query",
        truncate_dim=40,
    )
    model = SimCSE.load(str(tmp_path))
    expected = model.encode(TEXTS[:2])
    for text, row in zip(TEXTS, expected, strict=False):
        tokens = model.tokens(text)
        np.testing.assert_allclose(tokens.parts.sum(axis=0), tokens.pooled, atol=1e-5)
        np.testing.assert_allclose(tokens.pooled / np.linalg.norm(tokens.pooled), row, atol=1e-5)
    pairs = word_pairs(model, *TEXTS[:2])
    assert pairs.cosine == pytest.approx(float(expected[0] @ expected[1]), abs=1e-5)
    assert pairs.remainder == pytest.approx(0, abs=1e-5)


def test_parts_that_do_not_add_up_are_refused_in_words_and_words_can_be_left_out(two_poolings: Path) -> None:
    model = SimCSE.load(str(two_poolings))
    with pytest.raises(ModelError, match=r"layers after its pooling: .* does not add up"):
        word_pairs(model, *TEXTS[:2])
    assert leave_one_out(model, *TEXTS[:2]).cosine == pytest.approx(
        float(np.prod(model.encode(TEXTS[:2]), axis=0).sum())
    )


@pytest.mark.parametrize(
    ("tune", "moves", "stays"),
    [
        ("head", ["head."], ["bert.", "sentence_layers."]),
        ("top:1", ["bert.encoder.layer.1.", "sentence_layers."], ["bert.encoder.layer.0.", "bert.embeddings."]),
        ("all", ["bert.encoder.layer.0.", "sentence_layers.", "bert.embeddings."], []),
    ],
)
def test_training_changes_what_it_says_and_what_is_saved_loads_with_the_same_embeddings(
    two_poolings: Path, tmp_path: Path, tune: str, moves: list[str], stays: list[str]
) -> None:
    model = SimCSE.load(str(two_poolings))
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    rates = {"learning_rate": 1e-2, "head_learning_rate": 1e-2}
    for _record in train(model, data_of("scored"), None, TrainingSettings(loss="cosent", tune=tune, steps=2, **rates)):
        pass
    after = dict(model.named_parameters())
    changed = {name for name, weight in after.items() if name not in before or not torch.equal(weight, before[name])}
    for part in moves:
        assert any(name.startswith(part) for name in changed), part
    for part in stays:
        assert not any(name.startswith(part) for name in changed), part
    expected = model.encode(TEXTS)
    model.save(tmp_path / "trained")
    np.testing.assert_allclose(SimCSE.load(str(tmp_path / "trained")).encode(TEXTS), expected, atol=1e-5)
    np.testing.assert_allclose(
        loaded(tmp_path / "trained").encode(TEXTS, normalize_embeddings=True), expected, atol=1e-5
    )


def test_what_a_training_caches_gives_the_same_embeddings(two_poolings: Path) -> None:
    model = SimCSE.load(str(two_poolings))
    cached = CachedEncoder(model, "top:1")
    np.testing.assert_allclose(cached.encode(TEXTS), model.encode(TEXTS), atol=1e-5)


def test_everything_at_once_in_half_precision_is_near(base: Base, tmp_path: Path) -> None:
    theirs = FEATURES["everything at once"].build(base, tmp_path)
    rows = SimCSE.load(str(tmp_path)).encode(TEXTS[:1], precision="bfloat16")
    assert rows.shape == (1, expected_rows(theirs).shape[1])

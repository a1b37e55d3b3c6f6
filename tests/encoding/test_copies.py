"""Copies of models: the same vectors, and nothing that is done to one changes the other."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from simcse_core import load
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import ModelError
from simcse_core.learning.settings import training_settings
from simcse_core.learning.training import train
from tests.conftest import SENTENCES
from tests.encoding.tiny import tiny
from tests.learning.small import data_of, tiny_model


@pytest.mark.parametrize("name", ["minilm", "use-multilingual"])
def test_a_deep_copy_and_a_pickled_one_give_the_same_vectors(
    offline: dict[str, SimCSE | FrozenEncoder], name: str
) -> None:
    model = offline[name].configured(dim=100)
    expected = model.encode(SENTENCES)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_allclose(other.encode(SENTENCES), expected, atol=1e-6)
        assert (other.name, other.dim) == (model.name, 100)


def test_a_pickled_model_is_read_by_another_process(tmp_path: Path) -> None:
    model = tiny().configured(pooling="max", layer=2, head="random", seed=3)
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    np.save(tmp_path / "expected.npy", model.encode(SENTENCES))
    code = (
        "import pickle, sys, numpy as np; from pathlib import Path; folder = Path(sys.argv[1])\n"
        "model = pickle.loads((folder / 'model.pickle').read_bytes())\n"
        f"np.testing.assert_allclose(model.encode({SENTENCES!r}), np.load(folder / 'expected.npy'), atol=1e-6)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)


@pytest.mark.parametrize("tune", ["all", "top:1", "head"])
def test_training_a_configured_copy_never_changes_the_original(tune: str) -> None:
    original = tiny_model().configured(head="linear")
    before = original.encode(SENTENCES)
    trainable = [parameter.requires_grad for parameter in original.parameters()]
    other = original.configured(pooling="max")
    settings = training_settings({"epochs": 1, "batch_size": 16, "tune": tune, "learning_rate": 1e-2})
    list(train(other, data_of("pairs"), None, settings))
    np.testing.assert_array_equal(original.encode(SENTENCES), before)
    assert [parameter.requires_grad for parameter in original.parameters()] == trainable
    assert not np.allclose(other.encode(SENTENCES), original.configured(pooling="max").encode(SENTENCES), atol=1e-3)


def test_training_the_original_never_changes_a_configured_copy() -> None:
    original = tiny_model()
    other = original.configured(pooling="max")
    before = other.encode(SENTENCES)
    settings = training_settings({"epochs": 1, "batch_size": 16, "learning_rate": 1e-2})
    list(train(original, data_of("pairs"), None, settings))
    np.testing.assert_array_equal(other.encode(SENTENCES), before)


def test_a_frozen_encoders_copy_learns_a_head_of_its_own(multilingual: FrozenEncoder) -> None:
    original = multilingual.configured(head="random", seed=1)
    before = original.encode(SENTENCES)
    other = original.configured()
    settings = training_settings({"epochs": 1, "batch_size": 16, "tune": "head", "head_learning_rate": 1e-2})
    list(train(other, data_of("pairs"), None, settings))
    np.testing.assert_array_equal(original.encode(SENTENCES), before)
    assert not np.allclose(other.encode(SENTENCES), before, atol=1e-3)


def test_a_model_that_nobody_else_has_is_trained_without_a_copy_of_its_weights() -> None:
    model = tiny(layers=1).configured(pooling="max")  # what it was configured from is gone
    weights = {parameter.data_ptr() for parameter in model.parameters()}
    assert {parameter.data_ptr() for parameter in model.tune("all")} <= weights


def test_a_copy_goes_on_where_its_original_was_trained() -> None:
    """A twin for inference is of the copy's weights, not of the original's."""
    model = tiny()
    model.encode(SENTENCES)
    other = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(1.5)
    assert not np.allclose(other.encode(SENTENCES), model.encode(SENTENCES), atol=1e-3)


def test_a_path_names_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny()
    model.save(tmp_path / "minilm")  # a folder that is called as a model of the catalogue
    expected = model.encode(SENTENCES)
    np.testing.assert_allclose(load(tmp_path / "minilm").encode(SENTENCES), expected, atol=1e-6)
    np.testing.assert_allclose(SimCSE.load(tmp_path / "minilm").encode(SENTENCES), expected, atol=1e-6)
    monkeypatch.chdir(tmp_path)
    assert load(Path("minilm")).dim == model.dim != load("minilm").dim
    with pytest.raises(ModelError, match="not by 7"):
        load(7)  # type: ignore[arg-type]

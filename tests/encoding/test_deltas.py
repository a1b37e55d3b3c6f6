"""Models that store only what training has changed: equal to the bit, and refused in words without their base."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer

from simcse_core.encoding import deltas
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.exports import export
from simcse_core.encoding.layout import model_files
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.saved import card_of
from simcse_core.errors import ModelError
from simcse_core.home import home
from tests.conftest import SENTENCES
from tests.encoding.tiny import tiny


@pytest.fixture(autouse=True)
def little_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deltas, "LEAST_SHARED", 1_000)
    monkeypatch.setattr(deltas, "LEAST_TABLE", 1_000)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    tiny().save(tmp_path / "base")
    return tmp_path / "base"


def changed(name: Path, seed: int, *, rows: tuple[int, ...] = (), layer: int | None = None) -> SimCSE:
    """The model with another top layer, and other embeddings of some words."""
    model = SimCSE.load(str(name), layer=layer, device="cpu")
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.tune("top:1"):
            parameter.add_(torch.randn_like(parameter))
        model.bert.get_input_embeddings().weight[list(rows)] *= -1  # type: ignore[index, operator]
    return model


def assert_same(one: SimCSE, other: SimCSE) -> None:
    ours, theirs = one.bert.state_dict(), other.bert.state_dict()
    assert ours.keys() == theirs.keys()
    for key, tensor in ours.items():
        assert torch.equal(tensor.view(torch.uint8), theirs[key].view(torch.uint8)), key


@pytest.mark.parametrize("layer", [None, 2])
@pytest.mark.parametrize("rows", [(), (0, 7, 100)])
def test_what_has_changed_and_the_base_give_the_same_bits(
    base: Path, tmp_path: Path, layer: int | None, rows: tuple[int, ...]
) -> None:
    model = changed(base, 1, rows=rows, layer=layer)
    model.save(tmp_path / "run", base=str(base))
    stored = load_file(tmp_path / "run" / "changed.safetensors")
    tables = {key: len(tensor) for key, tensor in stored.items() if "word_embeddings" in key}
    assert sorted(tables.values()) == ([] if not rows else [len(rows)] * 2)
    assert all("layer.0" not in key for key in stored)
    loaded = SimCSE.load(str(tmp_path / "run"), device="cpu")
    assert_same(model, loaded)
    np.testing.assert_array_equal(model.encode(SENTENCES), loaded.encode(SENTENCES))


def test_zeros_of_another_sign_are_a_change(base: Path, tmp_path: Path) -> None:
    model = changed(base, 1)
    with torch.no_grad():
        model.bert.get_input_embeddings().weight[3] = 0.0  # type: ignore[operator]
    model.save(tmp_path / "zero")
    with torch.no_grad():
        model.bert.get_input_embeddings().weight[3] = -0.0  # type: ignore[operator]
    model.save(tmp_path / "run", base=str(tmp_path / "zero"))
    assert_same(model, SimCSE.load(str(tmp_path / "run"), device="cpu"))


def test_a_model_made_from_such_a_model_names_the_first_base(base: Path, tmp_path: Path) -> None:
    changed(base, 1, rows=(1, 2)).save(tmp_path / "first", base=str(base))
    second = changed(tmp_path / "first", 2, rows=(2, 3))
    second.save(tmp_path / "second", base=str(tmp_path / "first"))
    shutil.rmtree(tmp_path / "first")
    assert json.loads((tmp_path / "second" / "base.json").read_text())["base"] == str(base)
    assert_same(second, SimCSE.load(str(tmp_path / "second"), device="cpu"))


def test_a_complete_run_is_no_base_because_somebody_may_delete_it(base: Path, tmp_path: Path) -> None:
    run = home() / "runs" / "20260101-000000000000-0123456789ab"
    shutil.copytree(base, run / "model")
    for number, name in enumerate((run.name, str(run / "model"))):
        SimCSE.load(name, device="cpu").save(tmp_path / str(number), base=name)
        assert (tmp_path / str(number) / "model.safetensors").is_file()


def test_little_that_is_unchanged_leaves_the_folder_complete(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deltas, "LEAST_SHARED", 100_000_000)
    model = changed(base, 1)
    model.save(tmp_path / "run", base=str(base))
    assert not (tmp_path / "run" / "base.json").exists()
    oracle = SentenceTransformer(str(tmp_path / "run"), device="cpu").encode(SENTENCES)
    np.testing.assert_allclose(oracle, model.encode(SENTENCES), atol=1e-5)


def test_a_base_in_half_precision_in_shards_and_with_a_prefix_is_one(base: Path, tmp_path: Path) -> None:
    weights = load_file(base / "model.safetensors")
    (base / "model.safetensors").unlink()
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index: dict[str, str] = {}
    for number, shard in enumerate(shards):
        part = {f"bert.{key}": tensor.half() for key, tensor in list(weights.items())[number::2]}
        save_file(part, base / shard, {"format": "pt"})
        index |= dict.fromkeys(part, shard)
    (base / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    model = changed(base, 1)
    model.save(tmp_path / "run", base=str(base))
    assert all("layer.0" not in key for key in load_file(tmp_path / "run" / "changed.safetensors"))
    assert_same(model, SimCSE.load(str(tmp_path / "run"), device="cpu"))


def test_the_tokenizer_is_the_bases_unless_the_model_has_another(base: Path, tmp_path: Path) -> None:
    changed(base, 1).save(tmp_path / "run", base=str(base))
    assert not (tmp_path / "run" / "tokenizer.json").exists()
    other = changed(base, 1)
    other.tokenizer.name_or_path = "elsewhere"
    other.save(tmp_path / "other", base=str(base))
    assert (tmp_path / "other" / "tokenizer.json").is_file()
    np.testing.assert_array_equal(
        load(str(tmp_path / "run")).encode(SENTENCES), load(str(tmp_path / "other")).encode(SENTENCES)
    )


@pytest.mark.parametrize("layer", [None, 2])
def test_export_completes_it_for_sentence_transformers(base: Path, tmp_path: Path, layer: int | None) -> None:
    model = changed(base, 1, rows=(5,), layer=layer)
    model.save(tmp_path / "run", base=str(base))
    export(load(str(tmp_path / "run")), "sentence-transformers", tmp_path / "out")
    oracle = SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(SENTENCES)
    np.testing.assert_allclose(oracle, model.encode(SENTENCES), atol=1e-5)


def test_it_is_described_without_loading_weights(base: Path, tmp_path: Path) -> None:
    changed(base, 1, layer=2).save(tmp_path / "run", base=str(base))
    shutil.rmtree(base)
    card = card_of(tmp_path / "run", "it", "It")
    assert (card.layers, card.pooling) == (2, "mean")
    names = {path.name for path in model_files(tmp_path / "run", "it")}
    assert {"base.json", "changed.safetensors", "config.json"} <= names


def test_other_libraries_take_no_such_folder_for_a_model(base: Path, tmp_path: Path) -> None:
    changed(base, 1).save(tmp_path / "run", base=str(base))
    with pytest.raises(OSError, match="no file named"):
        SentenceTransformer(str(tmp_path / "run"), device="cpu")


def test_a_missing_base_and_another_one_are_named(base: Path, tmp_path: Path) -> None:
    changed(base, 1).save(tmp_path / "run", base=str(base))
    weights = base / "model.safetensors"
    as_it_was = weights.read_bytes()
    changed(base, 2).save(tmp_path / "other")
    weights.write_bytes((tmp_path / "other" / "model.safetensors").read_bytes())
    with pytest.raises(ModelError, match=f"the rest is in {base}, which has changed since then"):
        load(str(tmp_path / "run"))
    weights.write_bytes(as_it_was)
    load(str(tmp_path / "run"))
    shutil.rmtree(base)
    with pytest.raises(ModelError, match=f"the rest is in {base}, which cannot be read"):
        load(str(tmp_path / "run"))


@pytest.mark.parametrize(
    "change",
    [
        {"weights": {}},
        {"weights": {"../model.safetensors": "0"}},
        {"unchanged": {"embeddings.word_embeddings.weight": "nothing"}},
        {"rows": {"embeddings.word_embeddings.weight": "embeddings.word_embeddings.weight"}},
        {"unchanged": {}},
        {"base": 3},
    ],
)
def test_a_damaged_record_is_an_error_and_never_another_model(
    base: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    changed(base, 1).save(tmp_path / "run", base=str(base))
    file = tmp_path / "run" / "base.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(ModelError):
        load(str(tmp_path / "run"))

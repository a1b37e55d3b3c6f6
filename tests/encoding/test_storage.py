import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from transformers import AlbertConfig, AutoModel

from simcse_core.encoding import catalogue
from simcse_core.encoding.catalogue import CATALOGUE, find, load
from simcse_core.encoding.layers import layer_stack
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.pooling import poolings
from simcse_core.errors import ModelError
from tests.conftest import SENTENCES


@pytest.mark.parametrize("pooling", poolings.names())
@pytest.mark.parametrize("layer", [0, 2])
@pytest.mark.parametrize("head", ["none", "random"])
def test_what_we_save_gives_the_same_embeddings_here_and_in_sentence_transformers(
    minilm: SimCSE, tmp_path: Path, pooling: str, layer: int, head: str
) -> None:
    model = minilm.configured(pooling=pooling, layer=layer, head=head)
    model.save(tmp_path)
    expected = model.encode(SENTENCES)
    oracle = SentenceTransformer(str(tmp_path), device="cpu").encode(SENTENCES)
    np.testing.assert_allclose(oracle, expected, atol=1e-5)
    np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(SENTENCES), expected, atol=1e-6)


def test_what_sentence_transformers_saves_loads_here(tmp_path: Path, minilm: SimCSE) -> None:
    SentenceTransformer(str(find("minilm")), device="cpu").save(str(tmp_path))
    np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(SENTENCES), minilm.encode(SENTENCES), atol=1e-6)


def test_nothing_but_safetensors_is_written(minilm: SimCSE, tmp_path: Path) -> None:
    minilm.configured(head="random", pooling="first_last_mean").save(tmp_path)
    endings = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert endings == {".json", ".safetensors"}


def test_a_plain_bert_folder_loads_with_mean_pooling(minilm: SimCSE, tmp_path: Path) -> None:
    minilm.bert.save_pretrained(tmp_path)
    minilm.tokenizer.save_pretrained(tmp_path)
    loaded = SimCSE.load(str(tmp_path))
    assert loaded.pooling == "mean"
    assert loaded.max_tokens == 512
    np.testing.assert_allclose(loaded.encode(SENTENCES[:4]), minilm.encode(SENTENCES[:4]), atol=1e-6)


@pytest.fixture
def saved(minilm: SimCSE, tmp_path: Path) -> Path:
    minilm.configured(layer=1, head="random").save(tmp_path)
    return tmp_path


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a folder without a model"):
        load(str(tmp_path))


@pytest.mark.parametrize(
    "file", ["model.safetensors", "1_Dense/model.safetensors", "modules.json", "1_Dense/config.json"]
)
def test_a_damaged_file_is_named_or_explained(saved: Path, file: str) -> None:
    (saved / file).write_bytes(b"\x00garbage")
    with pytest.raises(ModelError):
        load(str(saved))


@pytest.mark.parametrize("content", ["[{}]", "null", '["a"]', "{}", "[]"])
def test_a_list_of_modules_that_is_none_is_damage(saved: Path, content: str) -> None:
    (saved / "modules.json").write_text(content)
    with pytest.raises(ModelError, match="lists no modules"):
        load(str(saved))


def test_other_averages_of_layers_are_refused(minilm: SimCSE, tmp_path: Path) -> None:
    minilm.configured(pooling="first_last_mean", layer=3).save(tmp_path)
    config = tmp_path / "1_WeightedLayerPooling" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "layer_start": 2}))
    with pytest.raises(ModelError, match="averages other layers"):
        load(str(tmp_path))


@pytest.mark.parametrize("groups", [{"num_hidden_groups": 2}, {"inner_group_num": 2}])
def test_a_model_that_shares_some_of_its_layers_is_refused_in_words(groups: dict[str, Any]) -> None:
    albert = AutoModel.from_config(  # type: ignore[no-untyped-call]
        AlbertConfig(
            hidden_size=8, num_attention_heads=2, intermediate_size=8, vocab_size=9, num_hidden_layers=4, **groups
        )
    )
    with pytest.raises(ModelError, match="'albert' has no layers"):
        layer_stack(albert)


def test_wrong_weights_of_a_packaged_model_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = CATALOGUE["minilm"]
    package = tmp_path / "damaged_package"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    shutil.copy(find("minilm") / "config.json", package / "model")
    (package / "model" / "model.safetensors").write_bytes(b"not these")
    monkeypatch.syspath_prepend(str(tmp_path))
    damaged = catalogue.ModelCard(**{**card.__dict__, "package": "damaged_package"})
    monkeypatch.setitem(CATALOGUE, "minilm", damaged)
    with pytest.raises(ModelError, match="damaged: their SHA-256 begins with"):
        find("minilm")


@pytest.mark.parametrize("name", ["../../nowhere", "20260101-000000000000-000000000000", "runs/../x"])
def test_names_that_lead_nowhere_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match="no model"):
        load(name)

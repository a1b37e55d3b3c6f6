"""Weights that are not those of the model are refused by name, and heads that nobody uses are not missed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    BertForMaskedLM,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForMaskedLM,
    PreTrainedModel,
)

from simcse_core.encoding.model import SimCSE
from simcse_core.errors import ModelError
from tests.encoding.tiny import TEXTS, change, tiny

Weights = dict[str, Tensor]
FFN = "encoder.layer.1.output.dense"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    tiny().configured(head="random").save(tmp_path)
    return tmp_path


def rewrite(folder: Path, edit: Callable[[Weights], Weights], file: str = "model.safetensors") -> None:
    weights = edit(load_file(folder / file))
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, folder / file, metadata={"format": "pt"})


def prefixed(prefix: str) -> Callable[[Weights], Weights]:
    return lambda weights: {f"{prefix}{name}": tensor for name, tensor in weights.items()}


def without(*parts: str) -> Callable[[Weights], Weights]:
    return lambda weights: {name: tensor for name, tensor in weights.items() if not any(part in name for part in parts)}


def replaced(name: str, by: Callable[[Tensor], Tensor]) -> Callable[[Weights], Weights]:
    return lambda weights: {**weights, name: by(weights[name])}


def with_nan(tensor: Tensor) -> Tensor:
    tensor = tensor.clone()
    tensor.view(-1)[-1] = float("nan")
    return tensor


DAMAGED: list[tuple[Callable[[Weights], Weights], str]] = [
    *((prefixed(prefix), "are missing.*embeddings") for prefix in ("auto_model.", "module.", "_orig_mod.", "model.")),
    (prefixed("base_model."), "are missing.*embeddings"),
    (prefixed("bert.bert."), "are missing"),
    (prefixed("bert.auto_model."), "are missing"),
    (without("layer.2."), r"16 are missing, 0 have another shape, 0 have no place \(encoder.layer.2"),
    (without(f"{FFN}.bias"), rf"1 are missing, .*\({FFN}.bias\)"),
    (without("word_embeddings"), r"1 are missing, .*\(embeddings.word_embeddings.weight\)"),
    (without("token_type_embeddings"), "1 are missing"),
    (replaced(f"{FFN}.weight", lambda weight: weight[:, :-1]), rf"1 have another shape, .*\({FFN}.weight\)"),
    (replaced("embeddings.word_embeddings.weight", lambda weight: weight[:-1]), "1 have another shape"),
    (
        lambda weights: {**weights, "encoder.layer.3.output.dense.bias": torch.zeros(16)},
        r"holds parts that its config.json does not use.* 1 have no place \(encoder.layer.3",
    ),
    (lambda weights: {**weights, "encoder.layer.0.attention.self.query.lora_A": torch.ones(2)}, "1 have no place"),
    (replaced(f"{FFN}.weight", with_nan), f"damaged: {FFN}.weight in its weights are no numbers"),
    (replaced("embeddings.word_embeddings.weight", lambda weight: weight / 0), "are no numbers"),
    (replaced(f"{FFN}.bias", lambda weight: weight.to(torch.int8)), f"stores {FFN}.bias as I8"),
    (
        lambda weights: {name: torch.zeros_like(tensor) for name, tensor in weights.items()},
        "one and the same embedding for all",
    ),
    (lambda weights: {}, "cannot be read|much larger model|are missing"),
]


@pytest.mark.parametrize(("edit", "message"), DAMAGED)
def test_weights_that_are_not_the_models_are_refused_by_name(
    saved: Path, edit: Callable[[Weights], Weights], message: str
) -> None:
    rewrite(saved, edit)
    with pytest.raises(ModelError, match=message) as refused:
        SimCSE.load(str(saved))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_hidden_layers": 4}, "16 are missing"),
        ({"num_hidden_layers": 2}, "16 have no place"),
        ({"num_hidden_layers": 10**9}, "a much larger model, of 1000000000 layers"),
        ({"hidden_size": 10**7}, "a much larger model"),
        ({"max_position_embeddings": 10**9}, "a much larger model"),
        ({"vocab_size": 150}, "1 have another shape"),
        ({"type_vocab_size": 3}, "1 have another shape"),
    ],
)
def test_a_configuration_of_another_model_is_refused_before_memory_is_taken(
    saved: Path, changes: dict[str, int], message: str
) -> None:
    change(saved / "config.json", **changes)
    with pytest.raises(ModelError, match=message):
        SimCSE.load(str(saved))


def drop_pooler(weights: Weights) -> Weights:
    return without("pooler")(weights)


def ruin_pooler(weights: Weights) -> Weights:
    return replaced("pooler.dense.weight", with_nan)(weights)


def add_heads(weights: Weights) -> Weights:
    heads = (
        "cls.predictions.bias",
        "classifier.weight",
        "lm_head.dense.weight",
        "qa_outputs.bias",
        "base_model.lm_head.weight",
    )
    return {**weights, **{head: torch.ones(3) for head in heads}, "embeddings.position_ids": torch.arange(48)}


def add_what_no_version_reads(weights: Weights) -> Weights:
    names = ("embeddings.word_embeddings._weight", "encoder.layer.0.attn.bias", "encoder.layer.0.attn.masked_bias")
    return {**weights, **{name: torch.ones(3) for name in names}}


@pytest.mark.parametrize("edit", [drop_pooler, ruin_pooler, add_heads, add_what_no_version_reads])
def test_what_hidden_states_do_not_depend_on_may_be_missing_ruined_or_left_over(
    saved: Path, edit: Callable[[Weights], Weights]
) -> None:
    expected = SimCSE.load(str(saved)).encode(TEXTS)
    rewrite(saved, edit)
    np.testing.assert_array_equal(SimCSE.load(str(saved)).encode(TEXTS), expected)


@pytest.mark.parametrize("kind", [BertForMaskedLM, BertForSequenceClassification])
def test_a_model_with_a_head_for_a_task_loads_without_it(tmp_path: Path, kind: type[PreTrainedModel]) -> None:
    model = tiny()
    whole: Any = kind(model.bert.config)
    whole.bert.load_state_dict(model.bert.state_dict(), strict=False)
    whole.save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)
    np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(TEXTS), model.encode(TEXTS), atol=1e-6)


def test_a_distilbert_with_its_own_head_loads_without_it(tmp_path: Path) -> None:
    model = tiny(DistilBertConfig, dim=16, hidden_dim=24, n_heads=2)
    whole = DistilBertForMaskedLM(cast(DistilBertConfig, model.bert.config))
    whole.distilbert.load_state_dict(model.bert.state_dict())
    whole.save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)
    np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(TEXTS), model.encode(TEXTS), atol=1e-6)


MODULES: list[tuple[Callable[[Weights], Weights], str]] = [
    (without("bias"), "has to hold linear.bias 16, linear.weight 16×16, and it holds linear.weight 16×16"),
    (prefixed("0."), "and it holds 0.linear.bias"),
    (lambda weights: {**weights, "extra": torch.ones(1)}, "and it holds extra 1"),
    (replaced("linear.weight", lambda weight: weight[:, 1:]), "linear.weight 16×15"),
    (replaced("linear.weight", with_nan), "linear.weight in its weights are no numbers"),
    (replaced("linear.bias", lambda bias: bias.to(torch.int32)), "linear.bias in its weights are no numbers"),
]


@pytest.mark.parametrize(("edit", "message"), MODULES)
def test_weights_of_a_dense_layer_are_checked_too(
    saved: Path, edit: Callable[[Weights], Weights], message: str
) -> None:
    rewrite(saved, edit, "1_Dense/model.safetensors")
    with pytest.raises(ModelError, match=message):
        SimCSE.load(str(saved))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (replaced("layer_weights", lambda weights: weights[1:]), "layer_weights 4, and it holds layer_weights 3"),
        (replaced("layer_weights", lambda weights: weights + 1), "averages other layers"),
        (replaced("layer_weights", with_nan), "no numbers"),
        (prefixed("module."), "and it holds module.layer_weights"),
    ],
)
def test_weights_of_an_average_of_layers_are_checked_too(
    tmp_path: Path, edit: Callable[[Weights], Weights], message: str
) -> None:
    tiny().configured(pooling="first_last_mean").save(tmp_path)
    rewrite(tmp_path, edit, "1_WeightedLayerPooling/model.safetensors")
    with pytest.raises(ModelError, match=message):
        SimCSE.load(str(tmp_path))

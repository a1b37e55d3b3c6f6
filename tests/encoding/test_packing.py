import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import (
    AutoModel,
    BertConfig,
    CamembertConfig,
    DistilBertConfig,
    ElectraConfig,
    MPNetConfig,
    PreTrainedConfig,
    PreTrainedModel,
    RobertaConfig,
    XLMRobertaConfig,
)

from simcse_core.encoding.batching import pad
from simcse_core.encoding.head import make_head
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.packing import ATTENTION, can_pack, pack
from simcse_core.encoding.pooling import poolings
from tests.conftest import SENTENCES

Family = Callable[..., PreTrainedConfig]

FAMILIES = (BertConfig, ElectraConfig, RobertaConfig, XLMRobertaConfig, CamembertConfig)
OTHERS = (MPNetConfig, DistilBertConfig)

LENGTHS = (5, 12, 5, 1, 30, 2, 12, 5)
"""Tokens of the texts of a batch: some share a length, and they are in no order."""


def tiny(family: Family, **settings: object) -> PreTrainedModel:
    """A random encoder of the family, two layers of width 32."""
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    if family is DistilBertConfig:
        size = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = family(max_position_embeddings=300, **{"vocab_size": 500, **size, **settings})
        model: PreTrainedModel = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    # Fresh weights are so small that attention hardly looks at anything; these make it choose.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4)
    model.eval()  # type: ignore[no-untyped-call]
    return model


def simcse(bert: PreTrainedModel, minilm: SimCSE, head: str = "none") -> SimCSE:
    return SimCSE(bert, minilm.tokenizer, head=make_head(head, 32), max_tokens=128, name="tiny")


def token_ids(lengths: tuple[int, ...] = LENGTHS) -> list[list[int]]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(10, 500, (length,), generator=generator).tolist() for length in lengths]


def padded(model: SimCSE, ids: list[list[int]]) -> Tensor:
    """The oracle: the padded batch through transformers' own attention."""
    return model(*pad(ids, int(model.bert.config.pad_token_id or 0), model.device))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("head", ["none", "random"])
def test_a_packed_row_gives_the_embeddings_of_the_padded_batch(minilm: SimCSE, family: Family, head: str) -> None:
    whole = simcse(tiny(family), minilm, head=head)
    assert can_pack(whole.bert)
    ids = token_ids()
    for pooling in poolings.names():
        model = whole.configured(pooling=pooling)
        with torch.no_grad():
            torch.testing.assert_close(model.embed(ids), padded(model, ids), atol=1e-6, rtol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_packed_row_gives_the_gradients_of_the_padded_batch(minilm: SimCSE, family: Family) -> None:
    whole = simcse(tiny(family), minilm, head="random")
    ids = token_ids()
    wanted = F.normalize(torch.randn(len(ids), 32, generator=torch.Generator().manual_seed(2)), dim=-1)
    for pooling in poolings.names():
        model = whole.configured(pooling=pooling)
        packed, expected = (
            gradients(model, embeddings, wanted) for embeddings in (model.embed(ids), padded(model, ids))
        )
        assert packed.keys() == expected.keys()
        assert any(gradient.abs().max() > 0.01 for gradient in expected.values())
        for name, gradient in expected.items():
            torch.testing.assert_close(packed[name], gradient, atol=2e-6, rtol=1e-4)


def gradients(model: SimCSE, embeddings: Tensor, wanted: Tensor) -> dict[str, Tensor]:
    model.zero_grad()
    (embeddings * wanted).sum().backward()  # type: ignore[no-untyped-call]
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("family", [BertConfig, RobertaConfig])
def test_a_text_alone_equals_the_text_in_any_batch(minilm: SimCSE, family: Family) -> None:
    model = simcse(tiny(family), minilm)
    ids = token_ids()
    with torch.no_grad():
        alone = torch.cat([model.embed([own]) for own in ids])
        for seed in range(5):
            order = torch.randperm(len(ids), generator=torch.Generator().manual_seed(seed)).tolist()
            for batch in (order[:3], order[3:]):
                torch.testing.assert_close(model.embed([ids[at] for at in batch]), alone[batch], atol=1e-6, rtol=0)


@pytest.mark.parametrize("family", [*FAMILIES, *OTHERS])
def test_every_family_encodes_as_transformers_does_text_by_text(minilm: SimCSE, family: Family) -> None:
    bert, oracle = (tiny(family, vocab_size=minilm.bert.config.vocab_size) for _ in range(2))
    embeddings = simcse(bert, minilm).encode(SENTENCES)
    for text, vector in zip(SENTENCES, embeddings, strict=True):
        tokens = minilm.tokenizer(text, truncation=True, max_length=128, return_tensors="pt")
        with torch.no_grad():
            states = oracle(input_ids=tokens["input_ids"]).last_hidden_state[0]
        np.testing.assert_allclose(vector, F.normalize(states.mean(dim=0), dim=0).numpy(), atol=1e-6)


@pytest.mark.parametrize("family", OTHERS)
def test_other_families_do_not_pack(minilm: SimCSE, family: Family) -> None:
    assert not can_pack(simcse(tiny(family), minilm).bert)


def test_a_model_with_another_attention_does_not_pack(minilm: SimCSE) -> None:
    """Only our attention knows where a text of a packed row ends."""
    model = simcse(tiny(BertConfig, attn_implementation="eager"), minilm)
    ids = token_ids()
    with torch.no_grad():
        torch.testing.assert_close(model.embed(ids), padded(model, ids), atol=1e-6, rtol=0)
        model = simcse(tiny(BertConfig), minilm)
        model.bert.set_attn_implementation("eager")
        torch.testing.assert_close(model.embed(ids), padded(model, ids), atol=1e-6, rtol=0)


def test_a_row_is_sorted_by_length_and_counts_positions_for_each_text() -> None:
    by_hand = pack([[7, 8, 9], [5], [1, 2, 3]], tiny(BertConfig))
    assert by_hand.inputs["input_ids"].tolist() == [[5, 7, 8, 9, 1, 2, 3]]
    assert by_hand.inputs["position_ids"].tolist() == [[0, 0, 1, 2, 0, 1, 2]]
    assert [(group.count, group.length) for group in by_hand.groups] == [(1, 1), (2, 3)]
    assert by_hand.restore(torch.tensor([[1.0], [2.0], [3.0]])).tolist() == [[2], [1], [3]]
    # RoBERTa counts from behind the number of its padding token, 1.
    assert pack([[7, 8]], tiny(RobertaConfig)).inputs["position_ids"].tolist() == [[2, 3]]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_model_names_no_attention_of_ours(minilm: SimCSE, tmp_path: Path, family: Family) -> None:
    model = simcse(tiny(family), minilm)
    assert model.bert.config._attn_implementation == ATTENTION
    model.save(tmp_path)
    assert ATTENTION not in (tmp_path / "config.json").read_text()
    assert "attn_implementation" not in json.loads((tmp_path / "config.json").read_text())
    plain = AutoModel.from_pretrained(tmp_path)
    assert plain.config._attn_implementation == "sdpa"
    ids = torch.tensor(token_ids((9, 9)))
    with torch.no_grad():
        expected = F.normalize(plain(input_ids=ids).last_hidden_state.mean(dim=1), dim=-1)
        torch.testing.assert_close(model.embed(ids.tolist()), expected, atol=1e-6, rtol=0)


def test_dropout_works_in_a_packed_row(minilm: SimCSE) -> None:
    """Two passes give two views of one text, as unsupervised SimCSE needs them; without dropout they are one."""
    model = simcse(tiny(BertConfig), minilm)
    ids = token_ids()
    model.train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        views = [model.embed(ids).detach() for _ in range(2)]
    assert (views[0] - views[1]).abs().amax(dim=1).min() > 0.01
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(model.embed(ids), model.embed(ids), atol=0, rtol=0)


@pytest.mark.parametrize("pooling", poolings.names())
@pytest.mark.parametrize("layer", [0, 2, 6])
def test_the_layers_above_a_layer_go_on_from_its_states(minilm: SimCSE, layer: int, pooling: str) -> None:
    model = minilm.configured(pooling=pooling, head="random")
    prepared = model.prepare(SENTENCES)
    states = dict(model.states_of(prepared, layer))
    assert sorted(states) == list(range(len(SENTENCES)))
    with torch.inference_mode():
        continued = model.above(layer).embed([states[at] for at in range(len(SENTENCES))])
        padded = model.above(layer)
        padded.bert.config._attn_implementation = "sdpa"
        torch.testing.assert_close(continued.numpy(), model.encode(SENTENCES), atol=1e-5, rtol=0)
        torch.testing.assert_close(padded.embed([states[at] for at in range(len(SENTENCES))]), continued)

"""Families of encoders that differ in what is around their layers: embeddings, layers, grid and saving."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import (
    BertConfig,
    ConvBertConfig,
    DebertaV2Config,
    DistilBertConfig,
    EsmConfig,
    EuroBertConfig,
    FNetConfig,
    LayoutLMConfig,
    MegatronBertConfig,
    ModernBertConfig,
    MPNetConfig,
    MraConfig,
    NystromformerConfig,
    PreTrainedConfig,
    RobertaPreLayerNormConfig,
    SqueezeBertConfig,
    T5Config,
    T5EncoderModel,
)

from simcse_core.encoding.layers import first_layers
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.saved import card_of
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import ModelError
from tests.encoding.tiny import TEXTS, change, tiny

Family = Callable[..., PreTrainedConfig]

LAYERS = 4  # of ModernBERT the fourth looks at the whole text again
WITH_FINAL_NORM: dict[Family, dict[str, Any]] = {
    ModernBertConfig: {},
    EuroBertConfig: {"num_key_value_heads": 2},
    MegatronBertConfig: {},
    RobertaPreLayerNormConfig: {},
    EsmConfig: {"position_embedding_type": "rotary"},
}
FAMILIES: dict[Family, dict[str, Any]] = {
    BertConfig: {},
    DistilBertConfig: {"dim": 16, "hidden_dim": 24, "n_heads": 2},
    MPNetConfig: {},
    DebertaV2Config: {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm"},
    **WITH_FINAL_NORM,
}
GROUPS = ("q_groups", "k_groups", "v_groups", "post_attention_groups", "intermediate_groups", "output_groups")
of_every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.model_type)


def made(family: Family) -> SimCSE:
    return tiny(family, LAYERS, **FAMILIES[family])


def hidden_states(model: SimCSE) -> list[Embeddings]:
    """By transformers itself: the mean over the tokens of each text alone, for each layer, as unit rows."""
    rows = []
    for text in TEXTS:
        tokens = model.tokenizer(text, return_tensors="pt", return_token_type_ids=False)
        with torch.inference_mode():
            states = model.bert(**tokens, output_hidden_states=True).hidden_states
        rows.append(torch.stack([state[0].mean(dim=0) for state in states]))
    return list(torch.nn.functional.normalize(torch.stack(rows, dim=1), dim=-1).numpy())


@of_every_family
def test_a_layer_is_that_of_transformers_in_the_grid_and_when_the_model_is_cut(family: Family) -> None:
    model = made(family)
    expected = hidden_states(model)
    grid = model.encode_grid(TEXTS, ["mean"])
    for layer in range(LAYERS + 1):
        if layer == 0 and family is DebertaV2Config:
            with pytest.raises(ModelError, match="layer 0, cannot be taken alone"):
                model.configured(layer=0)
            continue
        np.testing.assert_allclose(grid[layer, "mean"], expected[layer], atol=1e-5)
        np.testing.assert_allclose(model.configured(layer=layer).encode(TEXTS), expected[layer], atol=1e-5)
    cut_twice = model.configured(layer=3).configured(layer=1)
    np.testing.assert_allclose(cut_twice.encode(TEXTS), expected[1], atol=1e-5)


@of_every_family
def test_what_is_saved_gives_the_same_embeddings_or_is_refused(family: Family, tmp_path: Path) -> None:
    model = made(family)
    for layer in (LAYERS, 2, 0) if family is not DebertaV2Config else (LAYERS, 2):
        for pooling in ("mean", "first_last_mean"):
            configured, folder = model.configured(layer=layer, pooling=pooling), tmp_path / f"{layer}-{pooling}"
            if layer < LAYERS and family in WITH_FINAL_NORM:
                with pytest.raises(ModelError, match=rf"Layer {layer} of tiny cannot be trained or saved"):
                    configured.save(folder)
                with pytest.raises(ModelError, match="has a norm behind its last layer"):
                    configured.tune("all")
                assert not folder.exists()
                continue
            configured.save(folder)
            expected = configured.encode(TEXTS)
            theirs = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
            np.testing.assert_allclose(theirs, expected, atol=1e-5)
            np.testing.assert_allclose(SimCSE.load(str(folder)).encode(TEXTS), expected, atol=1e-5)
            assert card_of(folder, "a", "b").layers == layer


@of_every_family
def test_training_goes_on_from_the_states_of_a_layer(family: Family) -> None:
    """The last layer too: its states have the final norm already."""
    model = made(family)
    prepared, expected = model.prepare(TEXTS), model.encode(TEXTS)
    for layer in (2, LAYERS):
        states = dict(model.states_of(prepared, layer))
        with torch.no_grad():
            embeddings = model.above(layer).embed([states[at] for at in range(len(TEXTS))])
        np.testing.assert_allclose(embeddings.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "settings"), [(ConvBertConfig, {"embedding_size": 16}), (NystromformerConfig, {}), (FNetConfig, {})]
)
def test_a_family_in_which_padding_changes_vectors_is_refused(
    family: Family, settings: dict[str, Any], tmp_path: Path
) -> None:
    tiny(family, **settings).save(tmp_path)
    with pytest.raises(ModelError, match="in which padding changes embeddings"):
        SimCSE.load(str(tmp_path))


def test_what_follows_the_last_layer_and_is_no_norm_is_refused_when_the_model_is_cut() -> None:
    class Doubled(torch.nn.Module):
        def __init__(self, encoder: torch.nn.Module) -> None:
            super().__init__()
            self.layer = encoder.layer
            self.encoder = encoder

        def forward(self, *inputs: Any, **settings: Any) -> Any:
            output = self.encoder(*inputs, **settings)
            output.last_hidden_state = 2 * output.last_hidden_state + 1
            return output

    model = tiny(BertConfig)
    model.bert.encoder = Doubled(model.bert.encoder)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="no layers that can be told apart"):
        first_layers(model.bert, 1, "tiny")


@pytest.mark.parametrize(
    ("family", "settings"),
    [(SqueezeBertConfig, {"embedding_size": 16, **dict.fromkeys(GROUPS, 1)}), (LayoutLMConfig, {})],
)
def test_a_family_that_always_calls_its_pooler_encodes_after_loading(
    family: Family, settings: dict[str, Any], tmp_path: Path
) -> None:
    model = tiny(family, **settings)
    model.save(tmp_path)
    np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(TEXTS), hidden_states(model)[-1], atol=1e-5)


def test_what_encoding_stumbles_over_is_said_at_loading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_inputs: object) -> None:
        raise TypeError("'NoneType' object is not callable")

    tiny().save(tmp_path)
    monkeypatch.setattr("simcse_core.encoding.model.for_inference", stumble)
    with pytest.raises(ModelError, match=r"cannot be read \(config.json\): TypeError"):
        SimCSE.load(str(tmp_path))


def test_an_encoder_of_a_kind_with_a_decoder_is_refused_as_that(tmp_path: Path) -> None:
    tokenizer = tiny().tokenizer
    size = {"d_model": 16, "d_ff": 24, "num_layers": 2, "num_heads": 2, "d_kv": 8}
    T5EncoderModel(T5Config(vocab_size=len(tokenizer), **size)).save_pretrained(tmp_path)  # type: ignore[arg-type]
    tokenizer.save_pretrained(tmp_path)
    for says_so in (True, False):
        change(tmp_path / "config.json", is_encoder_decoder=says_so)
        with pytest.raises(ModelError, match="'t5', which has an encoder and a decoder; only models"):
            SimCSE.load(str(tmp_path))


def test_a_model_whose_attention_is_missing_here_is_not_called_a_decoder(tmp_path: Path) -> None:
    tiny(MraConfig).save(tmp_path)
    with pytest.raises(ModelError, match="'mra', whose tokens do not see each other on this machine"):
        SimCSE.load(str(tmp_path))

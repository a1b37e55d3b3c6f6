"""What a folder asks for is applied as sentence-transformers applies it, or refused in words."""

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from transformers import BertConfig, BertLMHeadModel, GPT2Config, LlamaConfig, PreTrainedConfig, RobertaConfig

from simcse_core.encoding.layout import read_layout
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.prompts import Prompts
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import ModelError
from tests.encoding.tiny import POSITIONS, TEXTS, change, tiny, tiny_tokenizer

TRANSFORMER, MODEL, POOLING = "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json"

LAST_STATES = {"method": "forward", "method_output_name": "last_hidden_state"}


def oracle(folder: Path) -> Embeddings:
    """Unit rows of sentence-transformers."""
    return np.asarray(SentenceTransformer(str(folder), device="cpu").encode(TEXTS, normalize_embeddings=True))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A model whose tokenizer tells upper from lower case, and that knows few words in upper case."""
    model = tiny()
    tokenizer = tiny_tokenizer(do_lower_case=False)
    SimCSE(model.bert, tokenizer, max_tokens=POSITIONS, name="tiny").save(tmp_path / "saved")
    return tmp_path / "saved"


APPLIED: list[tuple[str, dict[str, Any]]] = [
    (TRANSFORMER, {"do_lower_case": True}),
    (TRANSFORMER, {"max_seq_length": 5}),
    (TRANSFORMER, {"max_seq_length": None}),
    (TRANSFORMER, {"modality_config": {"text": LAST_STATES}, "module_output_name": "token_embeddings"}),
    (TRANSFORMER, {"model_args": {"trust_remote_code": True, "add_pooling_layer": False}}),
    (TRANSFORMER, {"tokenizer_args": {"trust_remote_code": True, "use_fast": True, "padding_side": "right"}}),
    (TRANSFORMER, {"processor_kwargs": {"padding_side": "right"}, "config_kwargs": {"trust_remote_code": False}}),
    (MODEL, {"prompts": {"it": "a cat sleeps: "}, "default_prompt_name": "it"}),
    (MODEL, {"prompts": {"query": "A kitten. "}, "default_prompt_name": "document"}),
    (MODEL, {"prompts": {"query": "A kitten. "}}),
    (MODEL, {"truncate_dim": 5}),
    (MODEL, {"truncate_dim": 500}),
    (MODEL, {"similarity_fn_name": "dot"}),
    (POOLING, {"pooling_mode": ["cls"]}),
    (POOLING, {"pooling_mode": "mean_sqrt_len_tokens"}),
    (POOLING, {"include_prompt": False}),
    ("tokenizer_config.json", {"do_lower_case": True}),
    ("tokenizer_config.json", {"model_max_length": 6}),
]


@pytest.mark.parametrize(("file", "asked"), APPLIED, ids=lambda value: str(value)[:60])
def test_what_a_folder_asks_for_is_applied_and_survives_saving(
    saved: Path, tmp_path: Path, file: str, asked: dict[str, Any]
) -> None:
    change(saved / file, **asked)
    expected, model = oracle(saved), SimCSE.load(str(saved))
    np.testing.assert_allclose(model.encode(TEXTS), expected, atol=1e-5)
    model.save(tmp_path / "again")
    np.testing.assert_allclose(oracle(tmp_path / "again"), expected, atol=1e-5)
    np.testing.assert_allclose(SimCSE.load(str(tmp_path / "again")).encode(TEXTS), expected, atol=1e-5)


def test_a_sum_over_the_root_of_the_length_points_where_the_mean_points_in_the_old_form_too(saved: Path) -> None:
    change(saved / MODEL, truncate_dim=5)
    expected = SimCSE.load(str(saved)).encode(TEXTS)
    old = {"word_embedding_dimension": 16, "pooling_mode_mean_sqrt_len_tokens": True}
    (saved / POOLING).write_text(json.dumps(old))
    np.testing.assert_allclose(oracle(saved), expected, atol=1e-5)
    assert read_layout(saved, "tiny").pooling == "mean"


def test_these_settings_do_change_embeddings(saved: Path) -> None:
    """Else the comparison above would hold for whoever ignores them."""
    plain = SimCSE.load(str(saved)).encode(TEXTS)
    change(saved / TRANSFORMER, do_lower_case=True)
    lower = SimCSE.load(str(saved)).encode(TEXTS)
    change(saved / MODEL, prompts={"it": "a cat sleeps: "}, default_prompt_name="it")
    prompted = SimCSE.load(str(saved)).encode(TEXTS)
    assert np.abs(plain - lower).max() > 0.01
    assert np.abs(lower - prompted).max() > 0.01


def test_all_at_once_is_applied_too(saved: Path, tmp_path: Path) -> None:
    model = SimCSE.load(str(saved)).configured(pooling="first_last_mean", head="random", seed=3)
    model.save(tmp_path / "again")
    change(tmp_path / "again" / MODEL, prompts={"it": "A CAT "}, default_prompt_name="it", truncate_dim=7)
    change(tmp_path / "again" / TRANSFORMER, do_lower_case=True, max_seq_length=9)
    expected = oracle(tmp_path / "again")
    loaded = SimCSE.load(str(tmp_path / "again"))
    assert loaded.dim == loaded.configured(head="linear").dim == loaded.configured(layer=1, head="none").dim == 7
    np.testing.assert_allclose(loaded.encode(TEXTS), expected, atol=1e-5)
    loaded.save(tmp_path / "third")
    np.testing.assert_allclose(oracle(tmp_path / "third"), expected, atol=1e-5)


def test_a_prompt_is_part_of_everything_that_is_made_of_a_text(saved: Path) -> None:
    change(saved / MODEL, prompts={"it": "a cat "}, default_prompt_name="it")
    model = SimCSE.load(str(saved))
    plain = SimCSE(model.bert, model.tokenizer, max_tokens=POSITIONS)
    assert model.prompts == Prompts({"query": "", "document": "", "it": "a cat "}, "it")
    np.testing.assert_allclose(model.encode(["sleeps"]), plain.encode(["a cat sleeps"]), atol=1e-6)
    grid, expected = model.encode_grid(["sleeps"], ["mean"]), plain.encode_grid(["a cat sleeps"], ["mean"])
    np.testing.assert_allclose(grid[1, "mean"], expected[1, "mean"], atol=1e-6)
    tokens = model.configured(layer=2).tokens("cat sleeps")
    texts = ["cat sleeps"[start:end] for start, end in tokens.spans]
    assert "".join(texts) == "catsleeps"
    np.testing.assert_allclose(tokens.parts.sum(axis=0), tokens.pooled, atol=1e-5)


def test_the_words_of_a_prompt_make_no_text_readable(saved: Path) -> None:
    unreadable = "Ж" * 3
    assert SimCSE.load(str(saved)).check([unreadable]).unreadable == (0,)
    change(
        saved / MODEL, prompts={"it": "a cat sleeps on the sofa a cat sleeps on the sofa "}, default_prompt_name="it"
    )
    assert SimCSE.load(str(saved)).check([unreadable, "a cat", ""]).unreadable == (0,)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (TRANSFORMER, {"processing_kwargs": {"text": {"max_length": 4}}}, "processing_kwargs"),
    (
        TRANSFORMER,
        {"tokenizer_args": {"truncation_side": "left"}},
        "sets tokenizer_args.truncation_side to 'left'",
    ),
    (TRANSFORMER, {"config_kwargs": {"num_hidden_layers": 1}}, "config_kwargs"),
    (TRANSFORMER, {"model_kwargs": {"ignore_mismatched_sizes": True}}, "model_kwargs.ignore_mismatched_sizes"),
    (TRANSFORMER, {"transformer_task": "fill-mask"}, "transformer_task"),
    (TRANSFORMER, {"tokenizer_name_or_path": "bert-base-cased"}, "tokenizer_name_or_path"),
    (TRANSFORMER, {"processor_kwargs": {"use_fast": False}}, "sets processor_kwargs.use_fast to False, which"),
    (TRANSFORMER, {"config_args": {"one\nline": 1}}, "sets config_args.one line to 1"),
    (TRANSFORMER, {"tokenizer_args": None}, "sets tokenizer_args to None"),
    (TRANSFORMER, {"upper_case": True}, "upper_case"),
    (TRANSFORMER, {"do_lower_case": "false"}, "do_lower_case"),
    (TRANSFORMER, {"max_seq_length": 0}, "max_seq_length"),
    (TRANSFORMER, {"max_seq_length": 2}, "cuts texts at 2 tokens"),
    (TRANSFORMER, {"max_seq_length": "128"}, "max_seq_length"),
    (MODEL, {"model_type": "SparseEncoder"}, "model_type"),
    (MODEL, {"default_prompt_name": "search"}, "has no prompt 'search'"),
    (MODEL, {"prompts": {"it": 5}}, "prompts.it"),
    (MODEL, {"truncate_dim": 0}, "truncate_dim"),
    (MODEL, {"similarity_fn_name": "euclidean"}, "compared by euclidean distance"),
    (POOLING, {"pooling_mode": ["cls", "median"]}, "pools by cls and median"),
    (POOLING, {"pooling_mode": "median"}, "pools by median"),
    ("2_Normalize/config.json", {"module_input_name": "token_embeddings"}, "module_input_name"),
    ("adapter_config.json", {"base_model_name_or_path": "bert"}, "is an adapter for another model"),
    ("config.json", {"is_decoder": True}, "is a decoder"),
    ("config.json", {"is_encoder_decoder": True}, "has an encoder and a decoder"),
    ("config.json", {"quantization_config": {"quant_method": "bitsandbytes"}}, "quantization_config"),
    (TRANSFORMER, {"modality_config": {"message": LAST_STATES}}, "modality_config"),
]


@pytest.mark.parametrize(("file", "asked", "message"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_cannot_be_applied_is_refused_in_one_line(
    saved: Path, file: str, asked: dict[str, Any], message: str
) -> None:
    change(saved / file, **asked)
    with pytest.raises(ModelError, match=message) as refused:
        SimCSE.load(str(saved))
    assert "\n" not in str(refused.value)


def test_a_dot_product_of_any_length_is_refused(saved: Path) -> None:
    change(saved / MODEL, similarity_fn_name="dot")
    modules = json.loads((saved / "modules.json").read_text())
    (saved / "modules.json").write_text(json.dumps(modules[:-1]))
    with pytest.raises(ModelError, match="compared by dot product"):
        SimCSE.load(str(saved))


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([0, 1, 1, 2, 3], "two modules of one name"),
        ([0, 2, 3], None),
        ([0, 2], None),
        ([0, 1, 3], "has the modules Transformer, Dense, Normalize"),
        ([0, 2, 1, 3], "makes token_embeddings of token_embeddings"),
        ([0, 3, 1, 2], "has the modules Transformer, Normalize, Dense, Pooling"),
        ([1, 2, 0], "has the modules Dense, Pooling, Transformer"),
        ([0], "has the modules Transformer. "),
    ],
)
def test_modules_count_in_their_order_or_are_refused(tmp_path: Path, order: list[int], message: str | None) -> None:
    tiny().configured(head="random").save(tmp_path)
    modules = json.loads((tmp_path / "modules.json").read_text())
    (tmp_path / "modules.json").write_text(json.dumps([modules[at] for at in order]))
    if message is None:
        np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(TEXTS), oracle(tmp_path), atol=1e-5)
        return
    with pytest.raises(ModelError, match=message):
        SimCSE.load(str(tmp_path))


def test_a_dropout_is_at_work_in_training_only(saved: Path) -> None:
    modules = json.loads((saved / "modules.json").read_text())
    dropout = {"idx": 2, "name": "5", "path": "5_Dropout", "type": "sentence_transformers.models.Dropout"}
    (saved / "modules.json").write_text(json.dumps([*modules[:2], dropout, *modules[2:]]))
    (saved / "5_Dropout").mkdir()
    change(saved / "5_Dropout" / "config.json", dropout=0.5)
    np.testing.assert_allclose(SimCSE.load(str(saved)).encode(TEXTS), oracle(saved), atol=1e-5)


def test_padding_on_the_left_is_not_handed_on(saved: Path, tmp_path: Path) -> None:
    expected = SimCSE.load(str(saved)).encode(TEXTS)
    change(saved / "tokenizer_config.json", padding_side="left")
    model = SimCSE.load(str(saved))
    np.testing.assert_allclose(model.encode(TEXTS), expected, atol=1e-6)
    model.save(tmp_path / "again")
    np.testing.assert_allclose(oracle(tmp_path / "again"), expected, atol=1e-5)


def test_added_tokens_without_embeddings_are_said_to_be_that(saved: Path) -> None:
    tokenizer = SimCSE.load(str(saved)).tokenizer
    tokenizer.add_tokens(["<one>", "<two>"])
    tokenizer.save_pretrained(saved)
    with pytest.raises(ModelError, match="has 2 added tokens for which the model has no embeddings"):
        SimCSE.load(str(saved))


def test_modules_of_foreign_code_are_refused(tmp_path: Path) -> None:
    tiny().configured(head="random").save(tmp_path)
    file = tmp_path / "modules.json"
    modules = json.loads(file.read_text())
    file.write_text(json.dumps([{**modules[0], "type": "modeling_mine.Transformer"}, *modules[1:]]))
    with pytest.raises(ModelError, match="code that a model brings is never run"):
        SimCSE.load(str(tmp_path))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"activation_function": "mine.Identity"}, "activation_function to 'mine.Identity'"),  # Tanh with the others
        ({"activation_function": "torch.nn.modules.activation.Softmax"}, "which SimCSE does not have"),
        ({"activation_function": "torch.nn.modules.activation.PReLU"}, "which SimCSE does not have"),  # has a weight
        ({"activation_function": "torch.hub.load"}, "which SimCSE does not have"),
        ({"module_output_name": "sentence_embedding"}, "makes sentence_embedding of token_embeddings"),
        ({"module_input_name": "sentence_embedding"}, "makes token_embeddings of sentence_embedding"),
        ({"bias": False}, "has to hold linear.weight 16×16, and it holds linear.bias 16, linear.weight 16×16"),
        ({"out_features": 8}, "has to hold linear.bias 8"),
        ({"in_features": 8}, "layer 1_Dense takes 8 numbers, and gets 16"),
    ],
)
def test_a_dense_layer_that_is_another_one_is_refused(tmp_path: Path, asked: dict[str, Any], message: str) -> None:
    tiny().configured(head="random").save(tmp_path)
    change(tmp_path / "1_Dense" / "config.json", **asked)
    with pytest.raises(ModelError, match=message):
        SimCSE.load(str(tmp_path))


def test_an_average_of_layers_that_are_not_given_is_refused(tmp_path: Path) -> None:
    """sentence-transformers leaves the average out then, in silence."""
    tiny().configured(pooling="first_last_mean").save(tmp_path)
    change(tmp_path / "config.json", output_hidden_states=False)
    with pytest.raises(ModelError, match="output_hidden_states has to be true"):
        SimCSE.load(str(tmp_path))


def test_settings_in_a_file_of_an_old_name_count(saved: Path) -> None:
    (saved / TRANSFORMER).unlink()
    change(saved / "sentence_roberta_config.json", max_seq_length=4)
    model = SimCSE.load(str(saved))
    assert model.max_tokens == 4
    np.testing.assert_allclose(model.encode(TEXTS), oracle(saved), atol=1e-5)


def test_a_plain_folder_takes_no_settings_of_sentence_transformers(saved: Path) -> None:
    change(saved / MODEL, prompts={"it": "a cat "}, default_prompt_name="it", truncate_dim=3)
    change(saved / TRANSFORMER, max_seq_length=4)
    (saved / "modules.json").unlink()
    np.testing.assert_allclose(SimCSE.load(str(saved)).encode(TEXTS), oracle(saved), atol=1e-5)


def test_a_length_beyond_the_table_of_positions_is_what_the_table_has(saved: Path) -> None:
    change(saved / TRANSFORMER, max_seq_length=4_000)
    model = SimCSE.load(str(saved))
    assert model.max_tokens == POSITIONS
    assert model.check(["a cat " * 100]).truncated == (0,)
    model.encode(["a cat " * 100])


@pytest.mark.parametrize("family", [GPT2Config, LlamaConfig])
def test_a_decoder_is_refused_in_words(tmp_path: Path, family: type[PreTrainedConfig]) -> None:
    """Its configuration does not say so: that no token sees what follows shows."""
    tiny(family).save(tmp_path)
    with pytest.raises(ModelError, match=r"is a decoder \((gpt2|llama)\)"):
        SimCSE.load(str(tmp_path))


def test_a_plain_bert_that_was_made_to_write_is_refused(tmp_path: Path) -> None:
    """sentence-transformers takes its last token."""
    model = tiny()
    BertLMHeadModel(cast(BertConfig, model.bert.config)).save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)
    change(tmp_path / "config.json", architectures=["BertForCausalLM"])
    with pytest.raises(ModelError, match=r"is a decoder \(bert\)"):
        read_layout(tmp_path, "tiny")


def test_a_roberta_has_as_many_tokens_as_positions_behind_the_padding_one(tmp_path: Path) -> None:
    tiny(RobertaConfig, pad_token_id=1).save(tmp_path)
    change(tmp_path / TRANSFORMER, max_seq_length=None)
    change(tmp_path / "tokenizer_config.json", model_max_length=10**30)
    model = SimCSE.load(str(tmp_path))
    assert model.max_tokens == POSITIONS - 2
    model.encode(["a cat " * 100])


def test_a_padding_token_in_a_text_counts_as_in_sentence_transformers(tmp_path: Path) -> None:
    """RoBERTa gives it the padding position, and moves nobody behind it."""
    model = tiny(RobertaConfig)
    assert model.tokenizer.pad_token in TEXTS[-1]
    model.save(tmp_path)
    np.testing.assert_allclose(model.encode(TEXTS), oracle(tmp_path), atol=1e-5)


def test_only_the_first_dimensions_count_everywhere(saved: Path) -> None:
    whole = SimCSE.load(str(saved))
    change(saved / MODEL, truncate_dim=5)
    short = SimCSE.load(str(saved))
    expected = whole.encode(TEXTS)[:, :5]
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(short.encode(TEXTS), expected, atol=1e-6)
    np.testing.assert_allclose(short.encode_grid(TEXTS, ["mean"])[3, "mean"], expected, atol=1e-5)
    tokens = short.tokens(TEXTS[0])
    assert tokens.embeddings.shape[1] == tokens.parts.shape[1] == len(tokens.pooled) == 5
    np.testing.assert_allclose(tokens.pooled / np.linalg.norm(tokens.pooled), expected[0], atol=1e-5)
    np.testing.assert_allclose(
        short.above(2)
        .embed([row for _at, row in sorted(short.states_of(short.prepare(TEXTS), 2), key=lambda pair: pair[0])])
        .detach()
        .numpy(),
        expected,
        atol=1e-5,
    )


def test_a_saved_model_keeps_no_settings_of_the_one_that_was_there(tmp_path: Path) -> None:
    change(tmp_path / MODEL, prompts={"it": "a cat "}, default_prompt_name="it")
    model = tiny()
    model.save(tmp_path)
    np.testing.assert_allclose(oracle(tmp_path), model.encode(TEXTS), atol=1e-5)


def test_weights_of_several_files_are_checked_as_one(tmp_path: Path) -> None:
    model = tiny()
    model.save(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").unlink()
    names, where = sorted(tensors), {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        save_file({name: tensors[name] for name in part}, tmp_path / file, metadata={"format": "pt"})
        where.update(dict.fromkeys(part, file))
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": where}))
    np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(TEXTS), model.encode(TEXTS), atol=1e-6)
    index.write_text(json.dumps({"metadata": {}, "weight_map": {name: where[name] for name in names[::2]}}))
    with pytest.raises(ModelError):
        SimCSE.load(str(tmp_path))
    index.write_text(json.dumps({"metadata": {}, "weight_map": where}))
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(ModelError, match="one of 2 weight files is missing: model-00002-of-00002"):
        SimCSE.load(str(tmp_path))


def test_weights_in_a_format_that_can_run_code_are_named_with_the_way_out(saved: Path) -> None:
    (saved / "model.safetensors").rename(saved / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"weights in pytorch_model.bin only, which can run code .*safe_serialization"):
        SimCSE.load(str(saved))
    (saved / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match="has no weights: its folder needs model"):
        SimCSE.load(str(saved))


def test_a_model_in_half_precision_gives_the_same_embeddings_but_for_rounding(tmp_path: Path) -> None:
    model = tiny(BertConfig)
    expected = model.encode(TEXTS)
    model.bert.to(torch.float16)  # type: ignore[arg-type] # transformers' decorator hides the signature
    model.bert.save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)
    np.testing.assert_allclose(SimCSE.load(str(tmp_path)).encode(TEXTS), expected, atol=0.02)

"""Prompts and shorter embeddings: as sentence-transformers applies them, or refused in words."""

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from simcse_core.encoding.cards import with_prompts
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.prompts import Prompts
from simcse_core.encoding.saved import card_of
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import ModelError, OptionError
from tests.encoding.tiny import TEXTS, change, tiny

MODEL, POOLING = "config_sentence_transformers.json", "1_Pooling/config.json"
NAMED = {"query": "a cat: ", "document": "two kittens: ", "sts": "sofa "}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model with three prompts that uses none, of 16 dimensions."""
    tiny().save(tmp_path / "named")
    change(tmp_path / "named" / MODEL, prompts=NAMED)
    return tmp_path / "named"


def oracle(folder: Path, **settings: object) -> Embeddings:
    model = SentenceTransformer(str(folder), device="cpu")
    return np.asarray(model.encode(TEXTS, normalize_embeddings=True, **settings))  # type: ignore[call-overload]


def test_a_prompt_by_name_or_as_text_is_sentence_transformers_own(folder: Path) -> None:
    for name in NAMED:
        expected = oracle(folder, prompt_name=name)
        np.testing.assert_allclose(SimCSE.load(str(folder), prompt=name).encode(TEXTS), expected, atol=1e-5)
    expected = oracle(folder, prompt="two cats, on a sofa ")
    np.testing.assert_allclose(
        SimCSE.load(str(folder), prompt="two cats, on a sofa ").encode(TEXTS), expected, atol=1e-5
    )
    assert np.abs(expected - oracle(folder)).max() > 0.01


def test_an_empty_prompt_switches_the_default_off(folder: Path) -> None:
    plain = SimCSE.load(str(folder)).encode(TEXTS)
    change(folder / MODEL, default_prompt_name="sts")
    assert np.abs(SimCSE.load(str(folder)).encode(TEXTS) - plain).max() > 0.01
    np.testing.assert_array_equal(SimCSE.load(str(folder), prompt="").encode(TEXTS), plain)


@pytest.mark.parametrize("prompt", ["query", "a sofa: ", ""])
def test_what_is_saved_has_the_prompt_as_its_default_and_keeps_the_others(
    folder: Path, tmp_path: Path, prompt: str
) -> None:
    model = SimCSE.load(str(folder), prompt=prompt)
    model.save(tmp_path / "again")
    np.testing.assert_allclose(oracle(tmp_path / "again"), model.encode(TEXTS), atol=1e-5)
    again = SimCSE.load(str(tmp_path / "again"))
    assert again.prompts == model.prompts
    assert again.prompts.texts.items() >= NAMED.items()
    assert card_of(tmp_path / "again", "again", "again").prompts == model.prompts


def test_what_is_searched_has_any_of_its_three_names(folder: Path) -> None:
    prompts = SimCSE.load(str(folder)).prompts
    assert [prompts.using(name, "it").text for name in ("document", "passage", "corpus")] == ["two kittens: "] * 3
    only_passage = Prompts({"query": "q: ", "document": "", "passage": "p: "})
    assert [only_passage.using(name, "it").text for name in ("document", "passage")] == ["p: "] * 2


def test_a_name_that_a_model_does_not_have_is_no_text(folder: Path) -> None:
    """Else `--prompt query` would put the word "query" before each text of a model without prompts."""
    with pytest.raises(OptionError, match=r"no prompt called 'search'\. Choose one of: query, document, sts;"):
        SimCSE.load(str(folder), prompt="search")
    for name in ("query", "document", "search", "query,document"):
        with pytest.raises(OptionError, match=f"tiny names no prompts, so there is none called '{name}'"):
            tiny().configured(prompt=name)


def test_two_prompts_are_for_questions_and_answers_only(folder: Path) -> None:
    prompts = SimCSE.load(str(folder)).prompts
    assert prompts.pair("query,passage") == ("a cat: ", "two kittens: ")
    assert [prompts.pair(text) for text in ("query", "query,search", "query, passage: ", "a,b,c")] == [None] * 4
    with pytest.raises(OptionError, match="names two prompts"):
        SimCSE.load(str(folder), prompt="query,document")
    assert Prompts({"query": "q: ", "document": ""}).pair("query,document") == ("q: ", "")


def test_a_prompt_that_leaves_no_room_is_refused(folder: Path) -> None:
    with pytest.raises(OptionError, match=r"more tokens than .* reads of a text \(48\)"):
        SimCSE.load(str(folder), prompt="cat " * 60)
    with pytest.raises(OptionError, match="of 8,000 characters is too long"):
        SimCSE.load(str(folder), prompt="cat " * 2_000)


def test_a_prompt_that_is_left_out_when_pooling_is_so_whichever_it_is(folder: Path, tmp_path: Path) -> None:
    change(folder / POOLING, include_prompt=False)
    model, expected = SimCSE.load(str(folder), prompt="query"), oracle(folder, prompt_name="query")
    np.testing.assert_allclose(model.encode(TEXTS), expected, atol=1e-5)
    model.save(tmp_path / "again")
    np.testing.assert_allclose(oracle(tmp_path / "again"), expected, atol=1e-5)


def test_a_lone_surrogate_in_a_prompt_is_what_it_is_in_a_text() -> None:
    model = tiny()
    np.testing.assert_array_equal(model.configured(prompt="\udce4: ").encode(["cat"]), model.encode(["\udce4: cat"]))


def test_a_model_of_the_catalogue_has_its_makers_prompts_where_its_folder_names_none() -> None:
    nothing = Prompts({"query": "", "document": ""})
    assert with_prompts("e5-multilingual", nothing).using("passage", "e5").text == "passage: "
    assert with_prompts("intfloat/multilingual-e5-small", nothing).using("query", "e5").text == "query: "
    assert with_prompts("e5-multilingual", nothing).text == ""  # similarity is measured without
    own = Prompts({"query": "q: "}, "query")
    assert with_prompts("e5-multilingual", own) == own
    assert with_prompts("minilm", nothing) == with_prompts("elsewhere/model", nothing) == nothing


@pytest.mark.parametrize("dim", [1, 5])
def test_shorter_embeddings_are_sentence_transformers_own_and_stay_so_when_saved(
    folder: Path, tmp_path: Path, dim: int
) -> None:
    model = SimCSE.load(str(folder), dim=dim)
    expected = SentenceTransformer(str(folder), device="cpu", truncate_dim=dim).encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(model.encode(TEXTS), expected, atol=1e-5)
    np.testing.assert_allclose(model.embed(model.prepare(TEXTS)).detach(), expected, atol=1e-5)
    np.testing.assert_allclose(model.encode_grid(TEXTS, ["mean"])[3, "mean"], expected, atol=1e-5)
    model.save(tmp_path / "short")
    np.testing.assert_allclose(oracle(tmp_path / "short"), expected, atol=1e-5)
    card = card_of(tmp_path / "short", "short", "short")
    assert (card.dim, card.most_dims) == (16, dim)


def test_a_folder_that_cuts_can_be_cut_further_and_not_at_all(folder: Path) -> None:
    whole = SimCSE.load(str(folder)).encode(TEXTS)
    change(folder / MODEL, truncate_dim=8)
    assert [SimCSE.load(str(folder), dim=dim).dim for dim in (None, 4, 12, 16)] == [8, 4, 12, 16]
    np.testing.assert_array_equal(SimCSE.load(str(folder), dim=16).encode(TEXTS), whole)


@pytest.mark.parametrize("dim", [0, -1, 17])
def test_dimensions_that_a_model_does_not_have_are_refused(folder: Path, dim: int) -> None:
    with pytest.raises(OptionError, match=f"embeddings of 16 dimensions: cut them to 1 to 16, not to {dim}"):
        SimCSE.load(str(folder), dim=dim)


def test_tokens_of_a_shorter_embedding_add_up_to_it(folder: Path) -> None:
    model = SimCSE.load(str(folder), dim=5, prompt="query")
    tokens = model.tokens("cat sleeps")
    assert [("cat sleeps"[start:end]) for start, end in tokens.spans if start < end] == ["cat", "sleeps"]
    np.testing.assert_allclose(tokens.parts.sum(axis=0), tokens.pooled, atol=1e-5)
    np.testing.assert_allclose(
        tokens.pooled / np.linalg.norm(tokens.pooled), model.encode(["cat sleeps"])[0], atol=1e-5
    )


def test_a_frozen_encoder_is_cut_and_has_no_prompts(multilingual: FrozenEncoder, tmp_path: Path) -> None:
    whole = multilingual.encode(["A cat.", "一只猫。"])
    cut = multilingual.configured(dim=64, head="linear")
    expected = whole[:, :64] / np.linalg.norm(whole[:, :64], axis=1, keepdims=True)
    np.testing.assert_allclose(cut.encode(["A cat.", "一只猫。"]), expected, atol=1e-5)
    assert (multilingual.dim, multilingual.head) == (512, None)
    cut.save(tmp_path / "cut")
    assert (card_of(tmp_path / "cut", "cut", "cut").most_dims, card_of(tmp_path / "cut", "cut", "cut").dim) == (64, 512)
    np.testing.assert_array_equal(load(str(tmp_path / "cut")).encode(["A cat."]), cut.encode(["A cat."]))
    assert multilingual.configured(prompt="").dim == 512
    with pytest.raises(ModelError, match="without a prompt"):
        multilingual.configured(prompt="query: ")
    with pytest.raises(ModelError, match="without a prompt"):
        load("use-multilingual", prompt="query: ")
    with pytest.raises(OptionError, match="embeddings of 512 dimensions"):
        multilingual.configured(dim=513)

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from simcse_core.encoding import batching, inference
from simcse_core.encoding.catalogue import find
from simcse_core.encoding.head import HEADS, make_head
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.pooling import poolings
from simcse_core.encoding.texts import TextCheck
from simcse_core.errors import InputError, ModelError, OptionError
from tests.conftest import SENTENCES


def test_embeddings_equal_those_of_sentence_transformers(minilm: SimCSE) -> None:
    texts = [*SENTENCES, "longer than the limit " * 100]
    oracle = SentenceTransformer(str(find("minilm")), device="cpu").encode(texts)
    np.testing.assert_allclose(minilm.encode(texts), oracle, atol=1e-5)


@pytest.mark.parametrize("pooling", poolings.names())
@pytest.mark.parametrize("layer", [0, 3, 6])
@pytest.mark.parametrize("head", list(HEADS))
def test_padding_never_changes_a_vector(minilm: SimCSE, pooling: str, layer: int, head: str) -> None:
    model = minilm.configured(pooling=pooling, layer=layer, head=head)
    alone = np.concatenate([model.encode([text]) for text in SENTENCES])
    with torch.inference_mode():
        padded = model.embed(model.prepare(SENTENCES)).numpy()
    np.testing.assert_allclose(padded, alone, atol=1e-5)
    np.testing.assert_allclose(model.encode(SENTENCES), alone, atol=1e-5)


def test_vectors_have_length_one_and_the_order_of_the_texts(minilm: SimCSE) -> None:
    embeddings = minilm.encode(SENTENCES)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(embeddings[0], embeddings[6])  # the same text twice
    np.testing.assert_allclose(minilm.encode(SENTENCES[::-1])[::-1], embeddings, atol=1e-6)


def test_texts_in_several_chunks_get_their_own_rows(minilm: SimCSE, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, where a few thousand texts are tokenised at once."""
    whole = minilm.encode(SENTENCES)
    monkeypatch.setattr(batching, "TEXTS_PER_CHUNK", 3)
    monkeypatch.setattr(
        inference, "chunks_by_length", lambda texts, device: batching.chunks_by_length(texts, torch.device("cuda"))
    )
    seen: list[tuple[int, int]] = []
    chunked = minilm.encode(SENTENCES, on_progress=lambda done, total: seen.append((done, total)))
    np.testing.assert_allclose(chunked, whole, atol=1e-6)
    distinct = len(set(SENTENCES))
    assert len(seen) == -(-distinct // 3)
    assert seen[-1] == (distinct, distinct)


def test_a_gpu_begins_with_the_chunk_of_the_longest_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "TEXTS_PER_CHUNK", 2)
    texts = ["a", "four", "to", "three", "b"]
    assert list(batching.chunks_by_length(texts, torch.device("cuda"))) == [[1, 3], [0, 2], [4]]
    assert list(batching.chunks_by_length(texts, torch.device("cpu"))) == [[0, 1, 2, 3, 4]]


def test_padding_fills_rows_up_behind_the_text() -> None:
    cpu = torch.device("cpu")
    ids, mask = batching.pad([[5, 6, 7], [8]], 9, cpu)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert (ids.dtype, mask.dtype) == (torch.int64, torch.int64)
    states, mask = batching.pad([torch.ones(1, 2), torch.full((2, 2), 3.0)], 0, cpu)
    assert states.tolist() == [[[1, 1], [0, 0]], [[3, 3], [3, 3]]]
    assert mask.tolist() == [[1, 0], [1, 1]]


def test_no_texts_give_no_rows(minilm: SimCSE) -> None:
    assert minilm.encode([]).shape == (0, 384)


def test_identical_texts_are_encoded_once(minilm: SimCSE) -> None:
    seen: list[tuple[int, int]] = []
    minilm.encode(["a", "b", "a", "a"], on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2, 2)


def test_bfloat16_stays_close(minilm: SimCSE) -> None:
    exact = minilm.encode(SENTENCES[:4])
    rounded = minilm.encode(SENTENCES[:4], precision="bfloat16")
    assert (exact * rounded).sum(axis=1).min() > 0.999


def test_layer_l_is_the_hidden_state_of_layer_l(minilm: SimCSE) -> None:
    """Against transformers itself: all hidden states at once, mean over the tokens by hand."""
    text = "A cat sleeps."
    tokens = minilm.tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        hidden = minilm.bert(**tokens, output_hidden_states=True).hidden_states
    for layer in range(7):
        by_hand = hidden[layer][0].mean(dim=0)
        expected = (by_hand / by_hand.norm()).numpy()
        np.testing.assert_allclose(minilm.configured(layer=layer).encode([text])[0], expected, atol=1e-5)
        np.testing.assert_allclose(minilm.configured(layer=layer - 7).encode([text])[0], expected, atol=1e-5)


def test_a_configured_model_shares_the_weights_and_leaves_the_original_alone(minilm: SimCSE) -> None:
    before = minilm.encode(["A cat."])
    cut = minilm.configured(layer=2, pooling="max")
    assert cut.layers == 2
    assert minilm.layers == 6
    assert next(cut.bert.parameters()).data_ptr() == next(minilm.bert.parameters()).data_ptr()
    np.testing.assert_array_equal(minilm.encode(["A cat."]), before)


def test_a_linear_head_changes_nothing_until_it_is_trained(minilm: SimCSE) -> None:
    text = SENTENCES[:4]
    np.testing.assert_allclose(minilm.configured(head="linear").encode(text), minilm.encode(text), atol=1e-6)


def test_a_random_head_is_seeded(minilm: SimCSE) -> None:
    first, again, other = (minilm.configured(head="random", seed=seed).encode(["A cat."]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert abs(first - other).max() > 0.01


def test_a_new_head_leaves_all_chance_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the CPU, and that of GPUs, which torch.manual_seed would seed anew."""
    reseeded: list[int] = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", reseeded.append)
    before = torch.get_rng_state()
    make_head("random", 4, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert reseeded == []


def test_check_reports_what_is_too_long_or_unreadable(minilm: SimCSE) -> None:
    assert minilm.check(["A cat.", "word " * 400, "今天天气很好，我们去公园吧。", ""]) == TextCheck((1,), (2,))
    reports: list[TextCheck] = []
    minilm.encode(["word " * 400], on_check=reports.append)
    assert reports == [TextCheck(truncated=(0,))]


@pytest.mark.parametrize("text", ["\x00", "\ud800", "‏שלום", "👩‍👩‍👧‍👦", "a\tb", "<script>alert(1)</script>"])
def test_odd_characters_are_texts_like_any_other(minilm: SimCSE, text: str) -> None:
    embeddings = minilm.encode([text, "A cat."])
    assert np.isfinite(embeddings).all()


def test_two_threads_may_use_two_settings_of_one_model(minilm: SimCSE) -> None:
    """They share the tokenizer, whose truncation is a state of its own."""
    texts = ["long " * 300, "A cat."] * 8
    models = [minilm.configured(layer=1), minilm.configured(layer=2)]
    expected = [model.encode(texts) for model in models]
    with ThreadPoolExecutor(4) as threads:
        jobs = [(at % 2, threads.submit(models[at % 2].encode, texts)) for at in range(8)]
        checks = [threads.submit(model.check, texts) for model in models * 8]
        for which, job in jobs:
            np.testing.assert_allclose(job.result(), expected[which], atol=1e-6)
        assert all(check.result().truncated == tuple(range(0, 16, 2)) for check in checks)


def test_a_single_string_is_refused_in_words(minilm: SimCSE) -> None:
    with pytest.raises(InputError, match="list of texts"):
        minilm.encode("A cat.")
    with pytest.raises(InputError, match="Text 2 is a NoneType"):
        minilm.encode(["A cat.", None])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layer": 7}, "no layer 7: choose 0 .* to 6"),
        ({"layer": -8}, "no layer -8"),
        ({"pooling": "sum"}, "Unknown pooling 'sum'. Choose one of: cls, first_last_mean, lasttoken, max, mean, "),
        ({"head": "deep"}, "Unknown head 'deep'"),
    ],
)
def test_settings_out_of_range_are_refused_with_the_choices(
    minilm: SimCSE, settings: dict[str, int | str], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        minilm.configured(**settings)  # type: ignore[arg-type]


def test_unknown_precision_device_and_model_are_refused() -> None:
    with pytest.raises(OptionError, match="Unknown precision 'int3'"):
        SimCSE.load("minilm").encode(["a"], precision="int3")
    with pytest.raises(OptionError, match="no device 'tpu'"):
        SimCSE.load("minilm", device="tpu")
    with pytest.raises(ModelError, match="no model 'maxilm'"):
        SimCSE.load("maxilm")
    with pytest.raises(ModelError, match="frozen"):
        SimCSE.load("use-multilingual")


@pytest.mark.parametrize(
    ("what", "layers"), [("all", {0, 1, 2, 3, 4, 5}), ("top:2", {4, 5}), ("top:6", {0, 1, 2, 3, 4, 5}), ("head", set())]
)
def test_tune_frees_what_it_says(what: str, layers: set[int]) -> None:
    model = SimCSE.load("minilm")
    model.tune(what)
    free = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert {int(name.split(".")[3]) for name in free if ".layer." in name} == layers
    assert any("embeddings" in name for name in free) == (what == "all")
    assert ("head.weight" in free) == (what == "head")


@pytest.mark.parametrize("what", ["top:0", "top:7", "top:x", "some"])
def test_tuning_something_else_is_refused(minilm: SimCSE, what: str) -> None:
    with pytest.raises(OptionError, match="'top:K' with K from 1 to 6"):
        minilm.configured().tune(what)

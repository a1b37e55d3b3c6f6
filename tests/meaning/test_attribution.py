import numpy as np
import pytest
import torch

from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.head import HEADS
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.pooling import poolings
from simcse_core.errors import InputError
from simcse_core.meaning.attribution import leave_one_out, word_pairs, words_for, words_of
from tests.encoding.tiny import tiny, unigram_tokenizer

CAT, DOG = "A cat sleeps on the sofa.", "The unbelievably old dog doesn't sleep."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A cat sleeps.", "A|cat|sleeps|."),
        ("  two\n\tspaces  ", "two|spaces"),
        ("", ""),
        (" \n", ""),
        ("don't, e-mail — it’s well-known!", "don't|,|e-mail|—|it’s|well-known|!"),
        ("yes - no -- 'so'", "yes|-|no|-|-|'|so|'"),
        ("3.5% of 1,000.", "3.5|%|of|1,000|."),
        ("1st, 2nd... v2", "1st|,|2nd|.|.|.|v2"),
        ("今天天气很好。", "今|天|天|气|很|好|。"),
        ("我love你2年", "我|love|你|2|年"),
        ("ひらカナ漢字", "ひ|ら|カ|ナ|漢|字"),
        ("한국어 문장", "한국어|문장"),
        ("naïve cafe\u0301s", "naïve|cafe\u0301s"),
        ("नमस्ते दुनिया", "नमस्ते|दुनिया"),
        ("Привет, мир", "Привет|,|мир"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # one word with a joint that is not seen
        ("ok 🙂🙂", "ok|🙂|🙂"),
        ("I ❤\ufe0f you", "I|❤\ufe0f|you"),
        ("👍🏽!", "👍🏽|!"),  # a sign and its colour
        ("👩\u200d👩\u200d👧 go", "👩\u200d👩\u200d👧|go"),  # a family of three is one sign
        ("🇩🇪🇨🇳", "🇩🇪|🇨🇳"),
    ],
)
def test_words_are_what_a_reader_takes_for_one(text: str, words: str) -> None:
    found = words_of(text)
    assert [word.text for word in found] == (words.split("|") if words else [])
    assert all(text[word.start : word.end] == word.text for word in found)


@pytest.fixture(scope="module")
def of_pieces() -> SimCSE:
    """A tiny model whose tokens are pieces of several characters."""
    return tiny(tokenizer=unigram_tokenizer("能不能", "▁今天", "天气", "▁你", "好", "▁a", "▁cat", "s", "..."))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("能不能", "能不能"),
        (" 今天天气好\n", "今天|天气|好"),
        ("今天 今天", "今天|今天"),
        ("天气", "天气"),  # ▁ is a token of its own, and stands where 天气 begins
        ("a cats", "a|cats"),
        ("cat...", "cat|..."),
        ("好㍿能不能", "好|㍿|能不能"),  # ㍿ is four characters to the model
        (
            "你好龘靐今天",
            "你|好|龘靐今天",
        ),  # unknown ones in a row are one token; 今天 is known only as a beginning
        ("", ""),
    ],
)
def test_characters_that_share_a_token_are_one_word(of_pieces: SimCSE, text: str, words: str) -> None:
    found = words_for(of_pieces, text)
    assert [word.text for word in found] == (words.split("|") if words else [])
    assert all(text[word.start : word.end] == word.text for word in found)


@pytest.mark.parametrize("pooling", poolings.names())
def test_pieces_of_several_characters_carry_what_their_tokens_add(of_pieces: SimCSE, pooling: str) -> None:
    model = of_pieces.configured(pooling=pooling)
    pairs = word_pairs(model, "今天能不能", "天气好")
    assert [[word.text for word in of_text] for of_text in pairs.words] == [["今天", "能不能"], ["天气", "好"]]
    one, other = model.tokens("今天能不能"), model.tokens("天气好")  # <s> ▁今天 能不能 </s>; <s> ▁ 天气 好 </s>
    parts = [
        [one.parts[1], one.parts[2], one.parts[0] + one.parts[3]],
        [other.parts[1] + other.parts[2], other.parts[3], other.parts[0] + other.parts[4]],
    ]
    by_hand = np.array(parts[0]) @ np.array(parts[1]).T / np.linalg.norm(one.pooled) / np.linalg.norm(other.pooled)
    np.testing.assert_allclose(pairs.shares, by_hand, atol=1e-5)
    assert pairs.shares.sum() == pytest.approx(
        float(np.prod(model.encode(["今天能不能", "天气好"]), axis=0).sum()), abs=1e-5
    )


def test_a_piece_of_several_characters_is_left_out_whole(of_pieces: SimCSE) -> None:
    effects = leave_one_out(of_pieces, "今天能不能", "天气好")
    first, other, without = of_pieces.encode(["今天能不能", "天气好", "今天"])
    assert [word.text for word in effects.words[0]] == ["今天", "能不能"]
    assert effects.effects[0][1] == pytest.approx(float(first @ other - without @ other), abs=1e-5)


@pytest.mark.parametrize("pooling", poolings.names())
@pytest.mark.parametrize("head", list(HEADS))
def test_the_shares_of_all_pairs_add_up_to_the_cosine(minilm: SimCSE, pooling: str, head: str) -> None:
    model = minilm.configured(pooling=pooling, head=head)
    pairs = word_pairs(model, CAT, DOG)
    first, second = model.encode([CAT, DOG])
    assert pairs.shares.shape == (7 + 1, 7 + 1)
    assert pairs.cosine == pytest.approx(float(first @ second), abs=1e-5)
    assert pairs.shares.sum() == pytest.approx(pairs.cosine, abs=1e-5)
    assert pairs.remainder == pytest.approx(0, abs=1e-5)


def hidden_states(model: SimCSE, text: str) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """From transformers itself: (T, H)."""
    with torch.no_grad():
        states: np.ndarray[tuple[int, int], np.dtype[np.float32]] = model.bert(
            **model.tokenizer(text, return_tensors="pt")
        ).last_hidden_state[0].numpy()  # fmt: skip
    return states


def test_with_mean_pooling_a_share_is_the_product_of_two_tokens(minilm: SimCSE) -> None:
    """[CLS] cat [SEP] beside [CLS] a dog [SEP]: one token a word."""
    a, b = hidden_states(minilm, "cat"), hidden_states(minilm, "a dog")
    scale = np.linalg.norm(a.sum(axis=0)) * np.linalg.norm(b.sum(axis=0))
    by_hand = np.array([a[1], a[0] + a[2]]) @ np.array([b[1], b[2], b[0] + b[3]]).T / scale
    np.testing.assert_allclose(word_pairs(minilm, "cat", "a dog").shares, by_hand, atol=1e-5)


def test_with_max_pooling_a_dimension_belongs_to_the_token_that_is_largest_in_it(minilm: SimCSE) -> None:
    a, b = (hidden_states(minilm, text) for text in ("cat", "dog"))
    parts = [np.where(states == states.max(axis=0), states, 0) for states in (a, b)]
    scale = np.linalg.norm(a.max(axis=0)) * np.linalg.norm(b.max(axis=0))
    first, second = ([part[1], part[0] + part[2]] for part in parts)
    found = word_pairs(minilm.configured(pooling="max"), "cat", "dog").shares
    np.testing.assert_allclose(found, np.array(first) @ np.array(second).T / scale, atol=1e-5)


def test_with_cls_pooling_the_markers_have_it_all(minilm: SimCSE) -> None:
    pairs = word_pairs(minilm.configured(pooling="cls"), CAT, DOG)
    assert pairs.shares[-1, -1] == pytest.approx(pairs.cosine, abs=1e-6)
    assert not pairs.shares[:-1].any()
    assert not pairs.shares[:, :-1].any()


def test_the_vector_of_a_word_is_the_mean_of_its_tokens(minilm: SimCSE) -> None:
    tokens = minilm.tokenizer.tokenize("unbelievably old")
    split = len(tokens) - 1
    assert split > 1
    states, cat = hidden_states(minilm, "unbelievably old"), hidden_states(minilm, "cat")[1]
    embeddings = [states[1 : 1 + split].mean(axis=0), states[1 + split]]
    by_hand = [vector @ cat / np.linalg.norm(vector) / np.linalg.norm(cat) for vector in embeddings]
    np.testing.assert_allclose(word_pairs(minilm, "unbelievably old", "cat").cosines[:, 0], by_hand, atol=1e-5)


def test_leaving_a_word_out_is_encoding_the_text_without_it(minilm: SimCSE) -> None:
    effects = leave_one_out(minilm, "A cat sleeps.", "我 love 你")
    assert [word.text for word in effects.words[0]] == ["A", "cat", "sleeps", "."]
    whole = minilm.encode(["A cat sleeps.", "我 love 你"])
    shortened = minilm.encode(["cat sleeps.", "A sleeps.", "A cat .", "A cat sleeps"])
    others = minilm.encode(["love 你", "我 你", "我 love"])
    cosine = float(whole[0] @ whole[1])
    assert effects.cosine == pytest.approx(cosine, abs=1e-6)
    np.testing.assert_allclose(effects.effects[0], cosine - shortened @ whole[1], atol=1e-6)
    np.testing.assert_allclose(effects.effects[1], cosine - others @ whole[0], atol=1e-6)
    assert effects.remainders[0] == pytest.approx(cosine - float(effects.effects[0].sum()), abs=1e-6)


def test_a_frozen_encoder_has_effects_of_words_too(multilingual: FrozenEncoder) -> None:
    effects = leave_one_out(multilingual, "今天", "今天天气很好")
    assert [len(own) for own in effects.effects] == [2, 6]
    day, sentence, rest = multilingual.encode(["今天", "今天天气很好", "天"])
    assert effects.effects[0][0] == pytest.approx(float(day @ sentence - rest @ sentence), abs=1e-5)


def test_a_query_and_an_answer_are_each_read_with_their_own_prompt(minilm: SimCSE) -> None:
    query, answer = minilm.configured(prompt="query: "), minilm.configured(prompt="passage: ")
    effects = leave_one_out(query, "cats sleep", CAT, second_model=answer)
    asked, without = query.encode(["cats sleep", "sleep"])
    found = answer.encode([CAT])[0]
    assert effects.cosine == pytest.approx(float(asked @ found), abs=1e-5)
    assert effects.effects[0][0] == pytest.approx(float((asked - without) @ found), abs=1e-5)


def test_words_behind_the_models_limit_have_no_share(minilm: SimCSE) -> None:
    short = SimCSE(minilm.bert, minilm.tokenizer, max_tokens=5)  # [CLS] a cat sleeps [SEP]
    pairs = word_pairs(short, CAT, DOG)
    assert pairs.shares[:3].any(axis=1).all()
    assert not pairs.shares[3:7].any()
    assert not pairs.cosines[3:].any()
    assert pairs.shares.sum() == pytest.approx(pairs.cosine, abs=1e-5)
    np.testing.assert_allclose(leave_one_out(short, CAT, DOG).effects[0][4:], 0, atol=1e-6)


@pytest.mark.parametrize(
    ("first", "second"), [("cat", "dog"), ("", "A cat."), ("", ""), ("\ud800", "🙂"), (" ", "a b")]
)
@pytest.mark.parametrize("pooling", poolings.names())
def test_texts_of_one_word_or_none_are_texts_too(minilm: SimCSE, first: str, second: str, pooling: str) -> None:
    model = minilm.configured(pooling=pooling, layer=2)
    cosine = float(np.prod(model.encode([first, second]), axis=0).sum())
    pairs, effects = word_pairs(model, first, second), leave_one_out(model, first, second)
    counts = len(words_of(first)), len(words_of(second))
    assert pairs.shares.shape == (counts[0] + 1, counts[1] + 1)
    assert pairs.cosines.shape == counts
    assert tuple(len(own) for own in effects.effects) == counts
    assert pairs.cosine == pytest.approx(cosine, abs=1e-5)
    assert pairs.shares.sum() == pytest.approx(cosine, abs=1e-5)


def test_too_many_words_name_the_limit(minilm: SimCSE, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_ATTRIBUTION_WORDS", "3")
    for look in (word_pairs, leave_one_out):
        look(minilm, "one two three", "one")
        with pytest.raises(InputError, match=r"has 4 words: the limit .* is 3 \(SIMCSE_MAX_ATTRIBUTION_WORDS\)"):
            look(minilm, "one", "one two three four")

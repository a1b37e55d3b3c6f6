from collections import Counter

import pytest

from simcse_core.data import bundled
from simcse_core.data.kinds import Labelled
from simcse_core.data.splits import split_labelled
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.texts import TextCheck
from simcse_core.errors import DataError


@pytest.mark.parametrize("name", ["intents-en", "intents-zh"])
def test_the_intents_are_200_different_texts_in_8_even_classes(name: str) -> None:
    data = bundled.load(name)
    assert isinstance(data, Labelled)
    assert len({text.casefold() for text in data.text}) == 200
    assert list(Counter(data.label).values()) == [25] * 8


def test_the_sample_sets_fit_an_axis_in_both_languages() -> None:
    for sample in bundled.samples().values():
        assert set(sample.title) == set(sample.look_for) == set(sample.sentences) == {"en", "zh_CN"}
        assert len(sample.sentences["en"]) == len(sample.sentences["zh_CN"])
        assert all(len(text) <= 60 for texts in sample.sentences.values() for text in texts)


@pytest.mark.parametrize(("language", "model"), [("en", "minilm"), ("zh_CN", "use-multilingual")])
def test_the_default_model_of_each_language_can_read_what_is_bundled(language: str, model: str) -> None:
    intents = bundled.load("intents-en" if language == "en" else "intents-zh")
    assert isinstance(intents, Labelled)
    texts = list(intents.text)
    for sample in bundled.samples().values():
        if (sample.name, language) != ("side_by_side", "en"):  # shows what an English model makes of Chinese
            texts += sample.sentences[language]
    unreadable = load(model).check(texts).unreadable
    assert [texts[at] for at in unreadable] == []


@pytest.mark.parametrize(("language", "model"), [("en", "minilm"), ("zh_CN", "use-multilingual")])
def test_the_unrelated_sentences_are_200_different_ones_that_the_default_model_can_read(
    language: str, model: str
) -> None:
    sentences = bundled.unrelated(language)
    assert len(sentences) == len({sentence.casefold() for sentence in sentences}) == 200
    assert load(model).check(sentences) == TextCheck()


def test_unknown_data_names_what_there_is() -> None:
    with pytest.raises(DataError, match="intents-en, intents-zh"):
        bundled.load("nothing")
    with pytest.raises(DataError, match=r"no file nothing\.csv"):
        bundled.open_data("nothing.csv")


def test_a_split_is_even_seeded_and_leaks_nothing() -> None:
    data = bundled.load("intents-en")
    assert isinstance(data, Labelled)
    train, dev = split_labelled(data, seed=1)
    assert (len(train), len(dev)) == (120, 80)
    assert not set(train.text) & set(dev.text)
    assert set(Counter(dev.label).values()) == {10}
    assert (train, dev) == split_labelled(data, seed=1)
    assert dev != split_labelled(data, seed=2)[1]


def test_equal_texts_stay_on_one_side_of_a_split() -> None:
    texts = [f"text {number}" for number in range(20)]
    data = Labelled("d", (*texts, *(text.upper() + " " for text in texts)), ("a", "b") * 20)
    train, dev = split_labelled(data)
    assert not {text.strip().casefold() for text in train.text} & {text.strip().casefold() for text in dev.text}
    assert len(train) + len(dev) == 40


def test_small_classes_stay_in_training_and_no_held_out_text_is_alone_in_its_class() -> None:
    data = Labelled("d", tuple("abcdefghijk"), tuple("xxxxyyyyyzz"))
    train, dev = split_labelled(data, dev_share=0.1)
    assert Counter(dev.label) == {"x": 2, "y": 2}
    assert Counter(train.label) == {"x": 2, "y": 3, "z": 2}


@pytest.mark.parametrize("labels", ["xy", "xxxyyy", "xxxxxxxxyyy"])
def test_nothing_to_hold_out_is_said(labels: str) -> None:
    with pytest.raises(DataError, match="at least two classes need 4 different texts each"):
        split_labelled(Labelled("d", tuple("abcdefghijk"[: len(labels)]), tuple(labels)))

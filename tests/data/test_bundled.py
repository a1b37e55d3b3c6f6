import re
from collections import Counter, defaultdict

import pytest

from simcse_core.data import bundled
from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Texts, kind_of, texts_of
from simcse_core.data.language import language_of
from simcse_core.data.lint import lint
from simcse_core.data.splits import split, split_labelled
from simcse_core.encoding.protocol import Encoder
from simcse_core.encoding.texts import TextCheck
from simcse_core.errors import DataError


@pytest.mark.parametrize("name", ["intents-en", "intents-zh"])
def test_the_intents_are_200_different_texts_in_8_even_classes(name: str) -> None:
    data = bundled.load(name)
    assert isinstance(data, Labelled)
    assert len({text.casefold() for text in data.text}) == 200
    assert list(Counter(data.label).values()) == [25] * 8


CARD = {
    cells[0].strip("`"): cells[1:]
    for line in (bundled.FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 6 and cells[0].startswith("`")
}
"""Set -> kind, rows, labels in English, labels in Chinese, lesson: the first table of the data card."""


def described_labels(data: Dataset) -> str:
    """As the data card has them."""
    if isinstance(data, Scored):
        return f"{min(data.score):g} to {max(data.score):g}"
    sizes = [size for _label, size in Counter(getattr(data, "label", ())).most_common()]
    return f"{len(sizes)} × {sizes[0]}" if len(sizes) > 2 and len(set(sizes)) == 1 else " / ".join(map(str, sizes))


def test_every_set_is_there_in_both_languages_and_on_the_data_card() -> None:
    assert sorted(bundled.names()) == sorted(f"{name}-{language}" for name in CARD for language in ("en", "zh"))


@pytest.mark.parametrize("name", bundled.names())
def test_bundled_data_are_what_the_data_card_says(name: str) -> None:
    data, (of, language) = bundled.load(name), name.split("-")
    kind, count, labels_en, labels_zh, _lesson = CARD[of]
    assert (kind_of(data), len(data)) == (kind, int(count))
    assert described_labels(data) == (labels_en if language == "en" else labels_zh)
    assert 200 <= len(data) <= 400
    texts = " ".join(texts_of(data))
    assert language_of([texts]) == ("en" if language == "en" else "zh_CN")
    assert language == "zh" or not re.search("[\u3400-\u9fff]", texts)


@pytest.mark.parametrize("name", [name for name in bundled.names() if not name.startswith(("pairs", "answers"))])
def test_no_text_stands_twice(name: str) -> None:
    texts = texts_of(bundled.load(name))
    assert [text for text, times in Counter(text.casefold() for text in texts).items() if times > 1] == []


@pytest.mark.parametrize("name", ["pairs-en", "pairs-zh"])
def test_a_repeated_first_sentence_has_a_match_and_a_mismatch(name: str) -> None:
    data = bundled.load(name)
    assert isinstance(data, Pairs)
    first, second = data.sentence1, data.sentence2
    labels = defaultdict(list)
    for sentence, label in zip(first, data.label, strict=True):
        labels[sentence].append(label)
    assert Counter(tuple(sorted(of_one)) for of_one in labels.values())[(0, 1)] == 30
    assert {len(of_one) for of_one in labels.values()} == {1, 2}
    assert len(set(second)) == len(second)
    assert not set(first) & set(second)


@pytest.mark.parametrize("name", ["answers-en", "answers-zh"])
def test_every_question_has_right_and_wrong_answers(name: str) -> None:
    data = bundled.load(name)
    assert isinstance(data, Answers)
    labels = defaultdict(list)
    for question, label in zip(data.question, data.label, strict=True):
        labels[question].append(label)
    assert len(labels) == 60
    assert {len(of_one) for of_one in labels.values()} == {4}
    assert {sum(of_one) for of_one in labels.values()} == {1, 2}
    assert len(set(data.answer)) == len(data.answer)


@pytest.mark.parametrize("name", bundled.names())
def test_bundled_files_are_written_alike(name: str) -> None:
    content = (bundled.FOLDER / f"{name}.csv").read_bytes().decode("utf-8")
    assert "\r" not in content
    assert "\ufeff" not in content
    assert "  " not in content
    assert content.endswith("\n")


@pytest.mark.parametrize("name", bundled.names())
def test_bundled_data_are_clean_and_can_be_split(name: str) -> None:
    data = bundled.load(name)
    dev = None if isinstance(data, Texts) else split(data)[1]
    assert [finding.message for finding in lint(data) if finding.severity != "info"] == []
    assert dev is None or len(dev) > 0.1 * len(data)


def test_the_sample_sets_fit_an_axis_in_both_languages() -> None:
    for sample in bundled.samples().values():
        assert set(sample.title) == set(sample.look_for) == set(sample.sentences) == {"en", "zh_CN"}
        assert len(sample.sentences["en"]) == len(sample.sentences["zh_CN"])
        assert all(len(text) <= 60 for texts in sample.sentences.values() for text in texts)


DEFAULTS = [("en", "minilm"), ("zh_CN", "me5-small"), ("zh_CN", "use-multilingual")]
"""The last one where the package of the other is not there."""


@pytest.mark.parametrize(("language", "model"), DEFAULTS)
def test_the_default_model_of_each_language_can_read_what_is_bundled(
    language: str, model: str, offline: dict[str, Encoder]
) -> None:
    ending = "-en" if language == "en" else "-zh"
    texts = [text for name in bundled.names() if name.endswith(ending) for text in texts_of(bundled.load(name))]
    for sample in bundled.samples().values():
        if (sample.name, language) != ("side_by_side", "en"):  # shows what an English model makes of Chinese
            texts += sample.sentences[language]
    unreadable = offline[model].check(texts).unreadable
    assert [texts[at] for at in unreadable] == []


@pytest.mark.parametrize(("language", "model"), DEFAULTS)
def test_the_unrelated_sentences_are_200_different_ones_that_the_default_model_can_read(
    language: str, model: str, offline: dict[str, Encoder]
) -> None:
    sentences = bundled.unrelated(language)
    assert len(sentences) == len({sentence.casefold() for sentence in sentences}) == 200
    assert offline[model].check(sentences) == TextCheck()


def test_unknown_data_names_what_there_is() -> None:
    with pytest.raises(DataError, match="intents-en, intents-zh"):
        bundled.load("nothing")


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

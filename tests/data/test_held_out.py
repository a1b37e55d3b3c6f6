from collections.abc import Sequence

from simcse_core.data.conversions import convert
from simcse_core.data.held_out import SENTENCES, Sentence, Sides, folds_in_words, in_words
from simcse_core.data.kinds import Labelled, Scored, Texts
from simcse_core.data.splits import fold, split

TEN_SHOT = Labelled("intents.csv", tuple(f"text {at}" for at in range(500)), tuple(f"c{at % 50}" for at in range(500)))


def said(sentences: Sequence[Sentence]) -> list[str]:
    return [sentence.message for sentence in sentences]


def test_a_ten_shot_that_becomes_a_six_shot_is_said() -> None:
    assert said(in_words(Sides(TEN_SHOT, *split(TEN_SHOT)))) == [
        "300 of 500 rows are learned from, 200 are held out to measure (40%).",
        "Of each class 6 of 10 texts are learned from.",
    ]
    assert said(in_words(Sides(TEN_SHOT, *split(TEN_SHOT, dev_share=0.2))))[1] == (
        "Of each class 8 of 10 texts are learned from."
    )


def test_a_fold_says_which() -> None:
    assert said(in_words(Sides(TEN_SHOT, *fold(TEN_SHOT, 5, 2)), fold=2, folds=5)) == [
        "Fold 2 of 5: 400 of 500 rows are learned from, 100 are held out to measure.",
        "Of each class 8 of 10 texts are learned from.",
    ]
    assert said(folds_in_words(TEN_SHOT, 5)) == [
        "500 rows in 5 folds: each fold is held out once, to measure a model that learns from the others "
        "(about 400 rows).",
        "Of each class 8 of 10 texts are learned from.",
    ]


def test_classes_too_small_to_be_measured_are_counted() -> None:
    data = Labelled("d", tuple(f"t{at}" for at in range(23)), ("a",) * 10 + ("b",) * 10 + ("rare",) * 3)
    train, dev = split(data)
    assert said(in_words(Sides(data, train, dev)))[1:] == [
        "Of each class 3–6 of 3–10 texts are learned from.",
        "1 of 3 classes have too few texts to hold any out: they are not measured.",
    ]
    assert said(folds_in_words(data, 5))[1:] == [
        "Of each class 2–8 of 3–10 texts are learned from.",
        "1 of 3 classes have fewer than 5 different texts: some folds hold out none of them.",
    ]


def test_other_data_and_nothing_to_measure_are_said() -> None:
    other = Scored("dev.csv", ("a", "b"), ("c", "d"), (1.0, 0.0))
    assert said(in_words(Sides(TEN_SHOT, TEN_SHOT, other))) == [
        "500 rows are learned from; measured on 2 rows of dev.csv."
    ]
    assert said(in_words(Sides(TEN_SHOT, TEN_SHOT, None))) == [
        "All 500 rows are learned from; nothing is held out, so nothing is measured."
    ]
    texts = Texts("t", ("a", "b", "c"))
    assert said(in_words(Sides(texts, texts, None)))[0].startswith("All 3 rows are learned from; texts without labels")


def test_rows_that_become_another_kind_are_counted() -> None:
    scores = (5.0, 4.0, 3.0, 2.0, 0.0)  # matches from 4 on, mismatches up to 2
    data = Scored("d", tuple("abcde"), tuple("fghij"), scores)
    assert said(in_words(Sides(data, data, None, convert(data, "pairs"))))[1:] == [
        "2 of 5 rows are matches (score ≥ 4), 2 are mismatches.",
        "1 of them are left out: no row of that kind comes from them.",
    ]
    assert said(in_words(Sides(data, data, None, convert(data, "texts"))))[1:] == ["As texts, 5 rows become 10."]
    assert len(in_words(Sides(data, data, None, convert(data, "scored")))) == 1  # as they are


def test_every_sentence_can_be_translated() -> None:
    sentences = [*in_words(Sides(TEN_SHOT, *split(TEN_SHOT))), *folds_in_words(TEN_SHOT, 20)]
    assert {sentence.template for sentence in sentences} <= set(SENTENCES.values())
    assert all(sentence.template.format(**sentence.values) == sentence.message for sentence in sentences)

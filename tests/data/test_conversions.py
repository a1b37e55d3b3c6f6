import random
from collections import Counter

import pytest

from simcse_core.data.conversions import conversions, convert, targets
from simcse_core.data.kinds import (
    KINDS,
    Answers,
    Dataset,
    Labelled,
    Pairs,
    Scored,
    Texts,
    Triplets,
    kind_of,
    normalised,
    rows,
    texts_of,
)
from simcse_core.errors import DataError, OptionError

EXAMPLES: dict[str, Dataset] = {
    "texts": Texts("d", ("a", "b")),
    "labelled": Labelled("d", ("a", "b", "c", "d"), ("x", "y", "x", "y")),
    "pairs": Pairs("d", ("a", "a", "c"), ("b", "c", "d"), (1, 0, 1)),
    "scored": Scored("d", ("a", "b", "c"), ("d", "e", "f"), (5.0, 2.5, 0.0)),
    "triplets": Triplets("d", ("a", "b"), ("c", "d"), ("e", "f")),
    "answers": Answers("d", ("q", "q", "r"), ("a", "b", "a"), (1, 0, 0)),
}


def random_labelled(seed: int, size: int = 300) -> Labelled:
    """Classes of very different sizes, with repetitions, contradictions and classes of one text."""
    chance = random.Random(seed)
    texts = [f"Text {chance.randrange(size)}" + " " * chance.randrange(2) for _row in range(size)]
    return Labelled("d", tuple(texts), tuple(str(int(chance.expovariate(0.3))) for _row in range(size)))


@pytest.mark.parametrize(("start", "to"), [(start, to) for start in KINDS for to in targets(start)])
def test_every_conversion_is_seeded_explained_and_gives_the_kind_it_promises(start: str, to: str) -> None:
    data = EXAMPLES[start]
    found = convert(data, to, seed=3)
    assert kind_of(found.data) == to
    assert found.data.name == "d"
    assert found == convert(data, to, seed=3)
    assert (found.rows_before, found.rows_after) == (len(data), len(found.data))
    assert 0 <= found.left_out < len(data)
    assert set(texts_of(found.data)) <= set(texts_of(data))
    assert found.description in [conversion.summary for conversion in conversions.entries()]
    assert found.description.endswith(".")
    assert [type(cell) for cell in next(rows(found.data))] == [type(cell) for cell in next(rows(EXAMPLES[to]))]


@pytest.mark.parametrize("kind", KINDS)
def test_data_of_the_wanted_kind_stay_as_they_are(kind: str) -> None:
    found = convert(EXAMPLES[kind], kind)
    assert found.data is EXAMPLES[kind]
    assert (found.rows_before, found.rows_after, found.left_out) == (len(found.data), len(found.data), 0)


def test_what_cannot_be_converted_names_what_it_can_become() -> None:
    with pytest.raises(DataError, match=r"holds pairs, which cannot become 'labelled'\. It can become: scored, tri"):
        convert(EXAMPLES["pairs"], "labelled")
    with pytest.raises(DataError, match=r"holds texts, which cannot become 'pairs'\. It can become: nothing else"):
        convert(EXAMPLES["texts"], "pairs")
    assert targets("labelled") == ["triplets", "pairs", "texts"]


@pytest.mark.parametrize("seed", range(5))
def test_triplets_of_classes_have_a_different_text_of_the_class_and_one_of_another(seed: int) -> None:
    data = random_labelled(seed)
    labels: dict[str, set[str]] = {}
    for text, label in zip(data.text, data.label, strict=True):
        labels.setdefault(normalised(text), set()).add(label)
    found = convert(data, "triplets", seed=seed)
    assert isinstance(found.data, Triplets)
    for row in rows(found.data):
        anchor, positive, negative = (normalised(str(text)) for text in row)
        assert anchor != positive
        assert labels[anchor] == labels[positive] != labels[negative]
        assert len(labels[anchor]) == len(labels[negative]) == 1
    sizes = Counter(next(iter(of)) for of in labels.values() if len(of) == 1)
    anchors = [text for text, of in labels.items() if len(of) == 1 and sizes[next(iter(of))] > 1]
    assert sorted(normalised(anchor) for anchor in found.data.anchor) == sorted(anchors)  # each text once
    assert found.left_out == len(data) - len(anchors)


def test_negatives_come_from_all_other_classes_alike() -> None:
    data = Labelled("d", tuple(f"{at}" for at in range(100)), ("a",) * 50 + ("b",) * 40 + ("c",) * 10)
    drawn: Counter[str] = Counter()
    for seed in range(40):
        found = convert(data, "triplets", seed=seed)
        assert isinstance(found.data, Triplets)
        drawn.update(data.label[int(text)] for text in found.data.negative[:50])  # negatives of class a
    assert set(drawn) == {"b", "c"}
    assert drawn["b"] / drawn.total() == pytest.approx(0.8, abs=0.03)  # 2,000 draws: a deviation of 0.009


@pytest.mark.parametrize("seed", range(5))
def test_pairs_of_classes_are_balanced_different_and_right(seed: int) -> None:
    data = random_labelled(seed)
    label_of = {normalised(text): label for text, label in zip(data.text, data.label, strict=True)}
    found = convert(data, "pairs", seed=seed)
    assert isinstance(found.data, Pairs)
    assert Counter(found.data.label)[0] == Counter(found.data.label)[1] == len(found.data) / 2 > 50
    pairs = list(zip(map(normalised, found.data.sentence1), map(normalised, found.data.sentence2), strict=True))
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    for (first, second), label in zip(pairs, found.data.label, strict=True):
        assert first != second
        assert (label_of[first] == label_of[second]) == label


def test_small_classes_give_all_the_pairs_they_hold() -> None:
    """The one match of each class once, and beside each a mismatch."""
    found = convert(EXAMPLES["labelled"], "pairs")
    matches = {frozenset(row[:2]) for row in rows(found.data) if row[2] == 1}
    assert matches == {frozenset("ac"), frozenset("bd")}
    assert (found.rows_after, found.left_out) == (4, 0)


@pytest.mark.parametrize("to", ["triplets", "pairs"])
def test_a_text_alone_in_its_class_is_left_out_and_counted(to: str) -> None:
    found = convert(Labelled("d", tuple("abcde"), tuple("xxxyz")), to)
    assert set(texts_of(found.data)[: len(found.data)]) <= set("abc")  # anchors
    assert found.left_out == 2


@pytest.mark.parametrize("to", ["triplets", "pairs"])
@pytest.mark.parametrize(("texts", "labels"), [("abc", "xxx"), ("abc", "xyz"), ("aAb", "xxy"), ("aabb", "xyxy")])
def test_classes_that_hold_no_match_or_no_mismatch_are_refused(to: str, texts: str, labels: str) -> None:
    with pytest.raises(DataError, match="no two different texts of one class beside a text of another"):
        convert(Labelled("d", tuple(texts), tuple(labels)), to)


def test_scores_become_matches_from_four_fifths_of_the_best_and_mismatches_up_to_two_fifths() -> None:
    data = Scored("d", tuple("abcdef"), tuple("ghijkl"), (3.0, 2.4, 2.39, 1.21, 1.2, -1.0))  # 0.8 * 3 is above 2.4
    found = convert(data, "pairs")
    assert found.data == Pairs("d", tuple("abef"), tuple("ghkl"), (1, 1, 0, 0))
    assert found.left_out == 2
    wider = convert(data, "pairs", options={"match_from": 0.5, "mismatch_to": 0.45})
    assert wider.data == Pairs("d", tuple("abcdef"), tuple("ghijkl"), (1, 1, 1, 0, 0, 0))


def test_thresholds_and_scores_that_make_no_sense_are_refused() -> None:
    data = EXAMPLES["scored"]
    with pytest.raises(OptionError, match=r"up to 0\.8 and matches from 0\.8 overlap"):
        convert(data, "pairs", options={"mismatch_to": 0.8})
    with pytest.raises(OptionError, match="match_from is 4"):
        convert(data, "pairs", options={"match_from": 4})
    with pytest.raises(OptionError, match="no option 'threshold'"):
        convert(data, "pairs", options={"threshold": 0.5})
    with pytest.raises(DataError, match=r"highest score of d is 0\.0: it has to be above 0"):
        convert(Scored("d", ("a",), ("b",), (0.0,)), "pairs")


def test_pairs_become_scores_of_one_and_zero() -> None:
    expected = Scored("d", ("a", "a", "c"), ("b", "c", "d"), (1.0, 0.0, 1.0))
    assert convert(EXAMPLES["pairs"], "scored").data == expected


def test_a_sentence_with_a_match_and_a_mismatch_is_an_anchor_on_either_side() -> None:
    """a matches b and not c; c matches d and not a, so both are anchors. The pair of e and f stands alone."""
    data = Pairs("d", ("a", "A ", "c", "e"), ("b", "c", "d", "f"), (1, 0, 1, 1))
    found = convert(data, "triplets")
    assert list(rows(found.data)) == [("a", "b", "c"), ("c", "d", "a")]
    assert found.left_out == 1


def test_contradicting_and_identical_pairs_make_no_triplets() -> None:
    said = Pairs("d", tuple("aaaa"), ("b", "B", "c", "d"), (1, 0, 1, 0))
    assert list(rows(convert(said, "triplets").data)) == [("a", "c", "d")]
    data = Pairs("d", ("a", "a", "a", "a"), ("b", "B", "a", "c"), (1, 0, 1, 0))
    with pytest.raises(DataError, match="No text of d stands in a row of label 1 and in another of label 0"):
        convert(data, "triplets")


def test_each_right_answer_meets_each_wrong_one_of_its_question_but_at_most_four() -> None:
    wrong = [f"wrong {at}" for at in range(9)]
    answers = ("right", "also right", *wrong, "no", "yes", "perhaps")
    data = Answers("d", ("q",) * 11 + ("r", "r", "s"), answers, (1, 1) + (0,) * 9 + (0, 1, 0))
    found = convert(data, "triplets")
    assert isinstance(found.data, Triplets)
    assert Counter(found.data.positive) == {"right": 4, "also right": 4, "yes": 1}
    assert len(set(rows(found.data))) == 9
    assert {row[2] for row in rows(found.data) if row[0] == "q"} <= set(wrong)
    assert ("r", "yes", "no") in set(rows(found.data))
    assert convert(data, "triplets", seed=1).data != found.data
    assert convert(data, "triplets", options={"most_negatives": 100}).rows_after == 2 * 9 + 1
    with pytest.raises(DataError, match="there are no triplets in it"):
        convert(data.take([0, 1, 13]), "triplets")


def test_answers_become_pairs_row_by_row() -> None:
    assert convert(EXAMPLES["answers"], "pairs").data == Pairs("d", ("q", "q", "r"), ("a", "b", "a"), (1, 0, 0))


def test_a_triplet_is_a_match_and_a_mismatch_and_no_pair_comes_twice() -> None:
    found = convert(Triplets("d", ("a", "A"), ("b", "b "), ("c", "d")), "pairs")
    assert list(rows(found.data)) == [("a", "b", 1), ("a", "c", 0), ("A", "d", 0)]
    assert found.left_out == 0


@pytest.mark.parametrize("kind", ["labelled", "scored", "pairs", "triplets", "answers"])
def test_texts_come_once_each_in_their_first_spelling(kind: str) -> None:
    found = convert(EXAMPLES[kind], "texts").data
    assert isinstance(found, Texts)
    assert sorted(found.text) == sorted(set(texts_of(EXAMPLES[kind])))
    assert convert(Pairs("d", ("B", "b"), ("a", " A"), (1, 0)), "texts").data == Texts("d", ("B", "a"))

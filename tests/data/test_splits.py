import random
from collections import Counter
from collections.abc import Callable

import pytest

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
from simcse_core.data.splits import fold, groups_of_shared_texts, split, split_labelled
from simcse_core.errors import DataError, OptionError

ROWS = 200


def column(chance: random.Random) -> tuple[str, ...]:
    """Texts of which some come again, in other columns too and with other case and blanks."""
    texts = [f"text {chance.randrange(20 * ROWS)}" for _row in range(ROWS)]
    return tuple(chance.choice([text, text.upper(), text.replace(" ", "   ")]) for text in texts)


def labels(chance: random.Random) -> tuple[int, ...]:
    return tuple(int(chance.random() < 0.3) for _row in range(ROWS))


def answers(chance: random.Random) -> Answers:
    """About 30 questions; a few answers are given to more than one."""
    questions = tuple(f"Question {chance.randrange(30)}" for _row in range(ROWS))
    texts = tuple(f"answer {chance.randrange(5_000)}" for _row in range(ROWS))
    return Answers("d", questions, texts, labels(chance))


RANDOM: dict[str, Callable[[random.Random], Dataset]] = {
    "labelled": lambda chance: Labelled("d", column(chance), tuple(f"class {label}" for label in labels(chance))),
    "pairs": lambda chance: Pairs("d", column(chance), column(chance), labels(chance)),
    "scored": lambda chance: Scored("d", column(chance), column(chance), tuple(float(at % 6) for at in range(ROWS))),
    "triplets": lambda chance: Triplets("d", column(chance), column(chance)[::-1], column(chance)),
    "answers": answers,
}


def test_every_kind_but_texts_is_tried() -> None:
    assert {*RANDOM, "texts"} == set(KINDS)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", RANDOM)
def test_no_text_of_a_split_stands_on_both_sides(kind: str, seed: int) -> None:
    data = RANDOM[kind](random.Random(seed))
    train, dev = split(data, seed=seed)
    assert not {normalised(text) for text in texts_of(train)} & {normalised(text) for text in texts_of(dev)}
    assert kind_of(train) == kind_of(dev) == kind
    assert sorted([*rows(train), *rows(dev)]) == sorted(rows(data))


@pytest.mark.parametrize("kind", RANDOM)
def test_a_split_has_the_share_that_was_asked_for_and_is_seeded(kind: str) -> None:
    data = RANDOM[kind](random.Random(7))
    share = 0.4 if kind == "labelled" else 0.2
    train, dev = split(data, seed=1)
    assert len(dev) == pytest.approx(share * ROWS, abs=0.05 * ROWS)
    assert (train, dev) == split(data, seed=1)
    assert dev != split(data, seed=2)[1]
    assert len(split(data, dev_share=0.1)[1]) == pytest.approx(0.1 * ROWS, abs=0.05 * ROWS)


def test_both_sides_keep_the_order_of_the_rows() -> None:
    data = Scored(
        "d", tuple(f"a{at}" for at in range(20)), tuple(f"b{at}" for at in range(20)), (*map(float, range(20)),)
    )
    for side in split(data):
        assert list(side.score) == sorted(side.score)


def test_labelled_texts_are_split_by_their_classes() -> None:
    data = RANDOM["labelled"](random.Random(3))
    assert isinstance(data, Labelled)
    assert split(data, seed=5) == split_labelled(data, seed=5)
    assert split(data, dev_share=0.2, seed=5) == split_labelled(data, dev_share=0.2, seed=5)


def test_rows_hang_together_through_any_column_and_through_other_rows() -> None:
    columns = [("a", "c", "e", "G ", "i"), ("b", "B", "f", "h", "i"), ("x", "y", "g", "z", "i")]
    groups = groups_of_shared_texts(columns).tolist()
    assert [groups.index(group) for group in groups] == [0, 0, 2, 2, 4]


def test_rows_of_a_question_stay_together() -> None:
    data = answers(random.Random(11))
    train, dev = split(data)
    assert not set(train.question) & set(dev.question)


@pytest.mark.parametrize("seed", range(10))
def test_rare_matches_reach_the_held_out_side(seed: int) -> None:
    data = Pairs("d", tuple(f"a{at}" for at in range(100)), tuple(f"b{at}" for at in range(100)), (1, 1) + (0,) * 98)
    _train, dev = split(data, seed=seed)
    assert set(dev.label) == {0, 1}


def test_a_question_that_can_be_measured_reaches_the_held_out_side() -> None:
    questions = [f"q{at // 2}" for at in range(40)]
    right = [1, 0] * 2 + [1, 1] * 18  # two questions of twenty have a wrong answer
    data = Answers("d", tuple(questions), tuple(f"a{at}" for at in range(40)), tuple(right))
    for seed in range(10):
        assert 0 in split(data, seed=seed)[1].label


def test_a_group_larger_than_the_share_stays_in_training_while_others_fit() -> None:
    first = ("all",) * 30 + tuple(f"a{at}" for at in range(20))
    data = Triplets("d", first, tuple(f"b{at}" for at in range(50)), tuple(f"c{at}" for at in range(50)))
    _train, dev = split(data)
    assert len(dev) == 10
    assert "all" not in dev.anchor


def test_more_is_held_out_than_asked_for_when_no_group_is_small_enough() -> None:
    data = Triplets("d", ("a",) * 6 + ("b",) * 4, tuple("cdefghijkl"), tuple("mnopqrstuv"))
    train, dev = split(data, dev_share=0.1)
    assert (len(train), set(dev.anchor)) == (6, {"b"})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Texts("d", ("a", "b")), "only texts: there is nothing to measure"),
        (Labelled("d", ("a", "b"), ("x", "y")), "too small to hold texts out"),
        (
            Pairs("d", tuple("aaaa"), tuple("bcde"), (0, 1, 0, 1)),
            r"hang together through the texts .*\(4 of 4",
        ),
        (Triplets("d", ("a",), ("b",), ("c",)), r"too small.*\(1 of 1"),
        (Triplets("d", tuple("abc"), tuple("def"), tuple("ghi")), r"too small.*\(1 of 3"),
        (
            Pairs("d", tuple("abcd"), tuple("efgh"), (1, 1, 1, 1)),
            "pairs need matches and mismatches",
        ),
        (Scored("d", tuple("abcd"), tuple("efgh"), (1.0,) * 4), "scored pairs two different scores"),
        (Answers("d", tuple("abcd"), tuple("efgh"), (1, 0, 1, 0)), "answers a question with a right and a wrong one"),
    ],
)
def test_what_cannot_be_held_out_says_why(data: Dataset, message: str) -> None:
    with pytest.raises(DataError, match=message):
        split(data)


@pytest.mark.parametrize("share", [0, 1, -0.5, 20])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(OptionError, match="has to be between 0 and 1"):
        split(RANDOM["pairs"](random.Random(0)), dev_share=share)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("folds", [2, 5])
@pytest.mark.parametrize("kind", RANDOM)
def test_every_row_is_held_out_once_and_no_text_stands_on_both_sides(kind: str, folds: int, seed: int) -> None:
    data = RANDOM[kind](random.Random(seed))
    held: list[tuple[object, ...]] = []
    for number in range(1, folds + 1):
        train, dev = fold(data, folds, number, seed=seed)
        assert not {normalised(text) for text in texts_of(train)} & {normalised(text) for text in texts_of(dev)}
        assert sorted([*rows(train), *rows(dev)]) == sorted(rows(data))
        assert kind_of(train) == kind_of(dev) == kind
        held += rows(dev)
    assert sorted(held) == sorted(rows(data))


def test_folds_are_seeded_and_keep_the_order_of_the_rows() -> None:
    data = RANDOM["scored"](random.Random(7))
    place = {row: at for at, row in enumerate(rows(data))}
    assert fold(data, 5, 2, seed=1) == fold(data, 5, 2, seed=1)
    assert fold(data, 5, 2, seed=1) != fold(data, 5, 2, seed=2)
    for side in fold(data, 5, 2):
        places = [place[row] for row in rows(side)]
        assert places == sorted(places)


def test_each_fold_has_its_share_of_each_class() -> None:
    data = Labelled("d", tuple(f"t{at}" for at in range(500)), tuple(f"class {at % 50}" for at in range(500)))
    for number in range(1, 6):
        train, dev = fold(data, 5, number, seed=3)
        assert set(Counter(train.label).values()) == {8}
        assert set(Counter(dev.label).values()) == {2}


@pytest.mark.parametrize("copies", [1, 2])
def test_classes_are_shared_out_where_texts_come_twice_too(copies: int) -> None:
    """With copies another splitter of scikit-learn is at work: one that keeps groups together."""
    texts = tuple(f"t{at // copies}" for at in range(200 * copies))
    data = Labelled("d", texts, tuple(f"class {(at // copies) % 4}" for at in range(200 * copies)))
    for number in range(1, 6):
        counts = Counter(fold(data, 5, number)[1].label)
        assert {count / copies for count in counts.values()} == {10}


def test_a_class_of_fewer_texts_than_folds_is_spread_and_learned_from() -> None:
    label = ("rare",) * 3 + tuple("ab"[at % 2] for at in range(60))
    data = Labelled("d", tuple(f"t{at}" for at in range(63)), label)
    held = [Counter(fold(data, 5, number)[1].label)["rare"] for number in range(1, 6)]
    assert sorted(held) == [0, 0, 1, 1, 1]
    few = Labelled("d", tuple(f"t{at}" for at in range(12)), tuple(f"class {at % 4}" for at in range(12)))
    assert sorted(len(fold(few, 5, number)[1]) for number in range(1, 6)) == [2, 2, 2, 3, 3]


def test_rare_matches_and_scores_are_in_every_fold() -> None:
    first, second = (tuple(f"{side}{at}" for at in range(100)) for side in "ab")
    pairs = Pairs("d", first, second, (1,) * 5 + (0,) * 95)
    scored = Scored("d", first, second, tuple(at / 20 for at in range(100)))
    for number in range(1, 6):
        assert sum(fold(pairs, 5, number)[1].label) == 1
        scores = fold(scored, 5, number)[1].score
        assert [sum(low <= score < low + 1 for score in scores) for low in range(5)] == [4] * 5


def test_every_fold_has_a_question_that_can_be_measured() -> None:
    questions = tuple(f"q{at // 2}" for at in range(60))
    right = [1, 0] * 6 + [1, 1] * 24  # six questions of thirty have a wrong answer
    data = Answers("d", questions, tuple(f"a{at}" for at in range(60)), tuple(right))
    for seed in range(5):
        for number in range(1, 6):
            train, dev = fold(data, 5, number, seed=seed)
            assert 0 in dev.label
            assert not set(train.question) & set(dev.question)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Texts("d", ("a",) * 9), "only texts: there is nothing to measure"),
        (Labelled("d", ("a", "A ", "b", "c", "d"), tuple("xxyyx")), "too small for 5 folds: .*leaves 4 pieces"),
        (
            Triplets("d", ("all",) * 30 + tuple(f"a{at}" for at in range(20)), *(
                tuple(f"{side}{at}" for at in range(50)) for side in "bc"
            )),
            r"would hold out 3\d of 50 rows, because they hang together",
        ),
        (
            Pairs("d", tuple(f"a{at}" for at in range(20)), tuple(f"b{at}" for at in range(20)), (1,) * 3 + (0,) * 17),
            "cannot be held out in 5 folds: each needs something to measure",
        ),
    ],
)  # fmt: skip
def test_folds_that_cannot_be_made_say_why(data: Dataset, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fold(data, 5, 1)


@pytest.mark.parametrize(("folds", "number"), [(1, 1), (5, 0), (5, 6)])
def test_a_fold_that_is_not_there_is_refused(folds: int, number: int) -> None:
    with pytest.raises(OptionError, match=r"2 or more|counted from 1"):
        fold(RANDOM["pairs"](random.Random(0)), folds, number)

import random
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
from simcse_core.data.splits import groups_of_shared_texts, split, split_labelled
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

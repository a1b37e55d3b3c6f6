import random
from itertools import combinations

import pytest

from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Texts, Triplets
from simcse_core.data.lint import FINDINGS, Finding, lint, meeting_chance
from simcse_core.encoding.texts import TextCheck


def findings(data: Dataset, dev: Dataset | None = None, check: TextCheck | None = None) -> dict[str, Finding]:
    return {finding.code: finding for finding in lint(data, dev=dev, batch_size=4, check=check)}


CLEAN: list[Dataset] = [
    Texts("d", ("a", "b")),
    Pairs("d", ("a", "b", "a"), ("c", "d", "d"), (1, 1, 0)),
    Scored("d", ("a", "b", "a"), ("c", "d", "d"), (5.0, 4.0, 0.0)),
    Triplets("d", ("a", "b"), ("c", "d"), ("d", "c")),
    Answers("d", ("a", "b", "a"), ("c", "d", "d"), (1, 1, 0)),
]


@pytest.mark.parametrize("data", CLEAN, ids=lambda data: type(data).__name__)
def test_there_is_nothing_to_say_of_clean_data(data: Dataset) -> None:
    assert lint(data, dev=Texts("dev", ("other",)), check=TextCheck()) == []


FOUND: list[tuple[str, Dataset, tuple[int, ...]]] = [
    ("duplicates", Texts("d", ("a", "A  b", "a b", "a")), (2, 3)),
    ("duplicates", Labelled("d", ("a", "A ", "b"), ("x", "x", "y")), (1,)),
    ("duplicates", Pairs("d", ("a", "b"), ("b", "A"), (1, 1)), (1,)),  # which side does not matter
    ("duplicates", Scored("d", ("a", "b", "a"), ("b", "A", "b"), (1.0, 1.0, 2.0)), (1,)),
    ("duplicates", Triplets("d", ("a", "a", "b"), ("b", "b", "a"), ("c", "c", "c")), (1,)),
    ("duplicates", Answers("d", ("a", "b", "a"), ("b", "a", "b"), (1, 1, 1)), (2,)),
    ("contradictions", Labelled("d", ("a", "b", "A"), ("x", "x", "y")), (0, 2)),
    ("contradictions", Pairs("d", ("a", "b", "c"), ("b", "a", "d"), (1, 0, 0)), (0, 1)),
    ("contradictions", Pairs("d", ("a", "b"), ("A", "c"), (0, 1)), (0,)),  # a text matches itself
    ("contradictions", Scored("d", ("a", "b"), ("b", "a"), (1.0, 1.5)), (0, 1)),
    ("contradictions", Triplets("d", ("a", "a", "e"), ("b", "c", "f"), ("c", "d", "g")), (0, 1)),
    ("contradictions", Triplets("d", ("a", "e"), ("b", "f"), ("A", "g")), (0,)),
    ("contradictions", Answers("d", ("a", "a", "b"), ("b", "b", "a"), (1, 0, 0)), (0, 1)),
    ("alone", Labelled("d", ("a", "b", "c", "C"), ("x", "x", "y", "y")), (2, 3)),
    ("alike_classes", Labelled("d", ("a", "b", "c", "d", "e", "f"), ("x", "x", "X\u200b", "X\u200b", "y", "y")), ()),
    ("line_breaks", Pairs("d", ("a", "b\r\nc"), ("c\u2028d", "d"), (1, 0)), (1,)),
    ("one_class", Labelled("d", ("a", "b"), ("x", "x")), ()),
    ("one_label", Pairs("d", ("a", "b"), ("c", "d"), (1, 1)), ()),
    ("one_label", Answers("d", ("a", "b"), ("c", "d"), (0, 0)), ()),
    ("one_label", Scored("d", ("a", "b"), ("c", "d"), (0.0, 0.0)), ()),
    ("identical", Pairs("d", ("a", "b"), ("A", "c"), (1, 0)), (0,)),
    ("identical", Triplets("d", ("a", "b"), ("A", "c"), ("d", "e")), (0,)),
    ("imbalance", Labelled("d", tuple(map(str, range(24))), ("y",) * 2 + ("x",) * 22), (0, 1)),
    (
        "imbalance",
        Pairs("d", tuple(map(str, range(24))), tuple("abcdefghijklmnopqrstuvwx"), (1, 1) + (0,) * 22),
        (0, 1),
    ),
    ("same_class_negatives", Labelled("d", ("a", "b", "c"), ("x", "x", "y")), (0, 1)),
    ("known_matches", Pairs("d", ("a", "c", "e", "e"), ("b", "B", "f", "b"), (1, 1, 1, 0)), (0, 1)),
    ("known_matches", Scored("d", ("a", "c", "e"), ("b", "b", "b"), (5.0, 4.0, 3.9)), (0, 1)),
    ("known_matches", Triplets("d", ("a", "a", "e"), ("b", "c", "f"), ("d", "d", "b")), (0, 1)),
    ("known_matches", Answers("d", ("a", "a", "a"), ("b", "c", "d"), (1, 1, 0)), (0, 1)),
]


@pytest.mark.parametrize(("code", "data", "found"), FOUND)
def test_what_is_wrong_is_found_with_its_rows(code: str, data: Dataset, found: tuple[int, ...]) -> None:
    finding = findings(data)[code]
    assert finding.rows == found
    assert (finding.severity, finding.template) == FINDINGS[code]
    assert str(finding.count) in finding.message or "count" not in finding.template
    assert "{" not in finding.message


def test_every_finding_has_an_example() -> None:
    assert {code for code, _data, _rows in FOUND} | {"leakage", "truncated", "unreadable"} == set(FINDINGS)


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("alone", Labelled("d", ("a", "b", "c", "d"), ("x", "x", "y", "y"))),
        ("imbalance", Labelled("d", tuple(map(str, range(22))), ("y",) * 2 + ("x",) * 20)),  # 10 to 1 exactly
        ("contradictions", Answers("d", ("a",), ("A",), (0,))),  # a question is no answer to itself
        ("duplicates", Answers("d", ("a", "b"), ("b", "a"), (1, 1))),  # questions and answers are not the same
        ("known_matches", Scored("d", ("a", "a"), ("b", "b"), (0.0, -1.0))),
    ],
)
def test_what_is_right_is_not_found(code: str, data: Dataset) -> None:
    assert code not in findings(data)


def test_held_out_rows_that_are_known_from_training_are_found_whatever_their_kind() -> None:
    data = Pairs("d", ("a", "b"), ("c", "d"), (1, 0))
    dev = Labelled("dev", ("x", "C ", "y", "a", "A"), ("1", "1", "1", "1", "2"))
    leakage = findings(data, dev)["leakage"]
    assert (leakage.count, leakage.rows) == (3, (1, 3, 4))
    both = Pairs("dev", ("x", "d"), ("e", "a"), (1, 0))
    assert findings(data, both)["leakage"].rows == (1,)


def test_what_a_model_cannot_read_is_told_by_rows() -> None:
    """Positions in the check are of all texts, column by column: 3 and 5 are the second sentences of rows 0 and 2."""
    data = Pairs("d", ("a", "b", "c"), ("d", "e", "f"), (1, 0, 1))
    found = findings(data, check=TextCheck(truncated=(0, 3), unreadable=(1, 5)))
    assert (found["truncated"].rows, found["truncated"].count) == ((0,), 1)
    assert found["unreadable"].rows == (1, 2)


def test_the_gravest_comes_first_and_only_the_first_twenty_rows_are_named() -> None:
    found = lint(Labelled("d", ("a",) * 30, ("x",) * 30), check=TextCheck(truncated=(1,)))
    assert [finding.severity for finding in found] == ["error", "warning", "warning", "warning", "info"]
    duplicates = next(finding for finding in found if finding.code == "duplicates")
    assert (duplicates.count, duplicates.rows) == (29, tuple(range(1, 21)))


def test_messages_name_what_they_are_about() -> None:
    found = findings(Labelled("d", ("a", "b", "c"), ("x", "y", "z{}")))
    assert found["alone"].message.startswith("Classes of a single text: 3 (x, y, z{}).")
    one = findings(Scored("d", ("a", "b"), ("c", "d"), (2.5, 2.5)))["one_label"]
    assert one.message.startswith("All rows have the score 2.5: nothing can be measured")
    uneven = findings(Labelled("d", tuple(map(str, range(24))), ("y",) * 2 + ("x",) * 22))["imbalance"]
    assert uneven.message.startswith("'x' stands in 22 rows, 'y' in 2")


def test_the_share_of_false_negatives_is_counted_in_the_batch() -> None:
    """Classes of 2, 2 and 1 texts in batches of 4: 3 of the 4 others come along, the partner with 3/4."""
    found = findings(Labelled("d", tuple("abcde"), tuple("xxyyz")))["same_class_negatives"]
    assert found.values["share"] == pytest.approx(4 / 5 * 3 / 4)
    assert found.message.startswith("In a batch of 4 random texts 60% of the texts meet another one")


def test_known_matches_are_counted_in_the_batch() -> None:
    """Five matches, two of which share a sentence; in batches of 4 each of the two meets the other with 3/4."""
    data = Triplets("d", tuple("aabcd"), tuple("efghi"), tuple("jklmn"))
    found = findings(data)["known_matches"]
    assert (found.count, found.values["share"]) == (2, pytest.approx(2 / 5))
    assert found.values["expected"] == pytest.approx(4 * 2 / 5 * 3 / 4)


def test_many_large_classes_give_the_known_formula() -> None:
    """1 − (1 − 1/K)^(B−1) for K even classes and replacement: 10 classes and batches of 32 give 96 %."""
    groups = [text % 10 for text in range(100_000)]
    assert meeting_chance(groups, 32) == pytest.approx(1 - (1 - 1 / 10) ** 31, abs=1e-4)
    assert f"{meeting_chance(groups, 32):.0%}" == "96%"


@pytest.mark.parametrize("batch_size", [1, 2, 3, 6, 7, 50])
def test_the_chance_to_meet_equals_counting_all_batches(batch_size: int) -> None:
    groups = "aaabbcd"
    batches = list(combinations(range(len(groups)), min(batch_size, len(groups))))
    met = [
        any(groups[other] == groups[text] for other in batch if other != text) for batch in batches for text in batch
    ]
    assert meeting_chance(groups, batch_size) == pytest.approx(sum(met) / len(met))


def test_the_chance_to_meet_agrees_with_drawing_batches() -> None:
    chance = random.Random(0)
    groups = [int(chance.expovariate(0.1)) for _text in range(400)]
    met = drawn = 0
    for _batch in range(1_500):
        batch = chance.sample(groups, 16)
        met += sum(batch.count(group) > 1 for group in batch)
        drawn += len(batch)
    assert meeting_chance(groups, 16) == pytest.approx(met / drawn, abs=0.01)


def test_nothing_meets_in_no_data_or_in_batches_of_one() -> None:
    assert meeting_chance([], 32) == 0
    assert meeting_chance("aa", 1) == 0


def test_leakage_is_found_however_a_letter_is_written() -> None:
    train = Labelled("train", ("Café très serré", "ABC hello", "a dog", "straße"), ("x", "y", "x", "y"))
    dev = Labelled(
        "dev",
        ("Cafe\u0301 tre\u0300s serre\u0301", "ＡＢＣ ｈｅｌｌｏ", "a\u200b dog", "STRASSE", "new"),
        tuple("xyxyx"),
    )
    assert findings(train, dev)["leakage"].count == 4

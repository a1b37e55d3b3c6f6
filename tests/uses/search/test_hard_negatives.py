"""Hard negatives: close to the anchor, and no match of it."""

import pytest

from simcse_core.data.kinds import Answers, Labelled, Pairs, Triplets
from simcse_core.errors import DataError, OptionError
from simcse_core.uses.search.hard_negatives import LeftOut, MinedTriplet, NegativeOptions, mine
from tests.uses.search.angles import both_sides, cosine


def test_the_hardest_candidate_outside_the_margin_is_the_negative() -> None:
    data = Pairs("p", ("a 0", "b 100", "c 25"), ("a 20", "b 130", "c 140"), (1, 1, 0))
    mined = mine(data, both_sides(), NegativeOptions(margin=0.1))
    # c 25 has a cosine of 0.906 with a 0, more than 0.9 times the positive's 0.940: it may be a match
    assert mined.triplets == (
        MinedTriplet("a 0", "a 20", "b 100", cosine(20), cosine(100), 2),
        MinedTriplet("b 100", "b 130", "c 140", cosine(30), cosine(40), 1),
    )
    assert mined.left_out == LeftOut(0, 0)


def test_what_the_data_calls_no_match_counts_however_close_it_is() -> None:
    data = Answers("q", ("q 0", "q 0", "q 0"), ("right 30", "wrong 29", "wrong 80"), (1, 0, 0))
    (triplet,) = mine(data, both_sides()).triplets
    assert (triplet.negative, triplet.negative_score, triplet.rank) == ("wrong 29", cosine(29), 1)


def test_a_match_of_a_match_is_no_negative() -> None:
    data = Pairs("p", ("a 0", "A  10"), ("a 10", "c 40"), (1, 1))
    mined = mine(data, both_sides())
    assert mined.triplets == ()
    assert mined.left_out == LeftOut(no_candidate=2, too_close=0)


def test_a_question_with_only_right_answers_gets_those_of_others() -> None:
    data = Answers("q", ("q 0", "p 60"), ("yes 10", "no 60"), (1, 1))
    assert [triplet.negative for triplet in mine(data, both_sides()).triplets] == ["no 60", "yes 10"]


def test_the_rank_window_and_the_number_for_each_pair() -> None:
    data = Answers("q", ("q 0",) * 6, ("r 1", "w 10", "w 20", "w 30", "w 40", "w 50"), (1, 0, 0, 0, 0, 0))
    mined = mine(data, both_sides(), NegativeOptions(first_rank=2, last_rank=4, per_pair=2))
    assert [(triplet.negative, triplet.rank) for triplet in mined.triplets] == [("w 20", 2), ("w 30", 3)]


def test_words_find_other_candidates_and_embeddings_still_judge_them() -> None:
    data = Triplets("t", ("red kite 0", "boat 90"), ("kite 20", "ship 80"), ("tree 30", "red kite shop 19"))
    by_words = mine(data, both_sides(), NegativeOptions(method="bm25"))
    assert [triplet.negative for triplet in by_words.triplets] == []
    assert by_words.left_out == LeftOut(no_candidate=1, too_close=1)


def test_left_out_are_pairs_whose_candidates_are_all_too_close() -> None:
    data = Pairs("p", ("a 0", "b 11"), ("a 10", "b 12"), (1, 0))
    assert mine(data, both_sides()).left_out == LeftOut(no_candidate=0, too_close=1)


def test_data_without_matches_and_windows_without_ranks_are_refused() -> None:
    with pytest.raises(DataError, match="holds labelled: hard negatives are mined for pairs, answers, triplets"):
        mine(Labelled("l", ("a 0", "b 1"), ("x", "y")), both_sides())
    with pytest.raises(DataError, match="Nothing in p matches"):
        mine(Pairs("p", ("a 0",), ("b 1",), (0,)), both_sides())
    with pytest.raises(OptionError, match="Ranks 5 to 2"):
        NegativeOptions(first_rank=5, last_rank=2)
    with pytest.raises(OptionError, match="margin of 5"):
        NegativeOptions(margin=5)

"""Lists, thresholds, duplicates and quality of the page Search, on embeddings that are known by hand."""

import numpy as np
import pytest

from simcse_core.meaning.intervals import interval
from simcse_core.uses.search.corpus import open_corpus
from simcse_core.uses.search.index import Index
from ui.search import quality, repeats, results, take_away
from ui.search.corpus import SearchCorpus
from ui.search.results import STEPS, Encoded
from ui.shared.cache import EncoderSettings

TEXTS = ("A red kite.", "A blue boat.", "=HYPERLINK(1)", "The boat is red.")
ANGLES = np.radians([0, 60, 90, 10])
EMBEDDINGS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)
QUERY = np.array([[1.0, 0.0]], dtype=np.float32)


@pytest.fixture
def encoded() -> Encoded:
    corpus = SearchCorpus.of("", open_corpus(TEXTS))
    return Encoded(corpus, Index.of(TEXTS, EMBEDDINGS), EMBEDDINGS)


def test_a_list_by_meaning_counts_how_many_texts_reach_each_threshold(encoded: Encoded) -> None:
    found = results.by_meaning("kite", encoded, QUERY, {}, "By meaning")
    assert [hit.row for hit in found.hits] == [0, 3, 1, 2]
    reached = dict(zip(STEPS.tolist(), found.reached, strict=True))
    assert (reached[-1.0], reached[0.0], reached[0.01], reached[0.5], reached[0.51], reached[1.0]) == (4, 4, 3, 3, 2, 1)
    assert found.middle == pytest.approx((np.cos(ANGLES[1]) + np.cos(ANGLES[3])) / 2, abs=1e-6)


def test_bars_go_from_the_median_to_1_and_of_bm25_from_0_to_the_best(encoded: Encoded) -> None:
    meaning = results.by_meaning("red boat", encoded, QUERY, {}, "")
    shares = meaning.shares(4)
    assert shares[0] == 1
    assert shares[2:] == [0, 0], "what is below the middle of all texts has no bar"
    words = results.by_words("red boat", encoded.corpus, {}, "")
    assert words.hits[0].row == 3
    assert words.shares(3)[0] == 1
    both = results.by_both("red boat", encoded, QUERY, {}, "")
    assert max(both.shares(4)) <= 1


def test_a_filter_leaves_only_its_rows_in_lists_and_counts() -> None:
    columns = {"kind": ("toy", "ship", "", "ship")}
    corpus = SearchCorpus("c.csv", "with-columns", TEXTS, columns)
    encoded = Encoded(corpus, Index.of(TEXTS, EMBEDDINGS, columns), EMBEDDINGS)
    found = results.by_meaning("boat", encoded, QUERY, {"kind": ["ship"]}, "")
    assert [hit.row for hit in found.hits] == [3, 1]
    assert found.reached[0] == 2
    assert [hit.row for hit in results.by_words("boat", corpus, {"kind": ["toy"]}, "").hits] == []


def test_groups_of_duplicates_are_as_close_as_the_threshold_says(encoded: Encoded) -> None:
    found = repeats.find(encoded, 0.98)
    ((first, second),) = found.groups
    assert (first.row, second.row) == (0, 3)
    assert second.cosine == pytest.approx(np.cos(np.radians(10)), abs=1e-6)
    assert found.spare == 1
    assert repeats.find(encoded, 0.99).groups == ()


def test_quality_is_the_rank_of_the_first_right_text() -> None:
    corpus = SearchCorpus("c.csv", "judged", TEXTS, {}, {"red boat": (3,), "kite": (1,)})
    encoded = Encoded(corpus, Index.of(TEXTS, EMBEDDINGS), EMBEDDINGS)
    found = quality.by_words(encoded)
    assert interval(found, "first").value == 0.5, "no text with a kite is right, so its query finds nothing"
    assert interval(found, "mrr").value == 0.5


def test_the_results_as_a_table_hold_every_hit_and_no_formula(encoded: Encoded) -> None:
    listings = [results.by_meaning("kite", encoded, QUERY, {}, "By meaning")]
    rows = take_away.csv(listings).splitlines()
    assert len(rows) == 5
    assert "'=HYPERLINK(1)" in rows[4]


def test_python_and_command_name_texts_encoder_and_filter() -> None:
    corpus = SearchCorpus("my texts.csv", "k", TEXTS, {"kind": ("a",) * 4}, {}, {"text": "utterance"})
    settings = EncoderSettings("me5-small", prompt="query,document", dim=64)
    where = {"kind": ["a b"]}
    command = take_away.command("it's", corpus, settings, where, 5)
    assert command == (
        "python -m simcse_core search --corpus 'my texts.csv' --query 'it'\"'\"'s' --top-k 5 --model me5-small "
        "--prompt query,document --dim 64 --columns text=utterance --where 'kind=a b'"
    )
    script = take_away.python("it's", corpus, settings, where, 5)
    compile(script, "search.py", "exec")
    assert "columns={'text': 'utterance'}" in script
    assert "where={'kind': ['a b']}" in script

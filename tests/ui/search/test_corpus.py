"""What the page Search searches: any kind of data, files with other columns, and what cannot be searched."""

import pytest

from simcse_core.data import bundled
from simcse_core.data.files import File
from simcse_core.data.kinds import Answers, Pairs, Triplets
from simcse_core.errors import DataError, InputError
from simcse_core.uses.search.corpus import open_corpus
from ui.search import quality
from ui.search.corpus import SearchCorpus

CSV = b"topic,utterance\nanimals,A cat sleeps.\nmoney,Stocks fell.\nanimals,A dog barks.\n"


def test_of_a_table_one_column_is_searched_and_the_others_can_be_filtered_by() -> None:
    corpus = SearchCorpus.of("my.csv", open_corpus(File("my.csv", CSV), {"text": "utterance"}), {"text": "utterance"})
    assert corpus.texts == ("A cat sleeps.", "Stocks fell.", "A dog barks.")
    assert corpus.columns == {"topic": ("animals", "money", "animals")}
    assert corpus.filters == ["topic"]


def test_of_pairs_answers_and_triplets_what_answers_is_searched_and_what_asks_are_queries() -> None:
    pairs = SearchCorpus.of_data(Pairs("p.csv", ("a", "a", "c"), ("x", "y", "x"), (1, 0, 1)))
    assert pairs.texts == ("x", "y")
    assert pairs.right == {"a": (0,), "c": (0,)}
    answers = SearchCorpus.of_data(Answers("a.csv", ("q", "q", "none"), ("r", "w", "w"), (1, 0, 0)))
    assert answers.right == {"q": (0,)}, "a question without a right answer is no query"
    triplets = SearchCorpus.of_data(Triplets("t.csv", ("a",), ("p",), ("n",)))
    assert (triplets.texts, triplets.right) == (("p", "n"), {"a": (0,)})


def test_of_labelled_texts_each_is_a_query_for_the_others_of_its_label() -> None:
    corpus = SearchCorpus.of("l.csv", open_corpus(File("l.csv", b"text,label\na,x\nb,x\nc,y\n")))
    first, second = quality.judged(corpus)  # c is alone in its class
    assert (first.text, first.right, first.itself) == ("a", frozenset({1}), 0)
    assert (second.text, second.right, second.itself) == ("b", frozenset({0}), 1)


@pytest.mark.parametrize("name", bundled.names())
def test_every_bundled_set_can_be_searched(name: str) -> None:
    corpus = SearchCorpus.of_data(bundled.load(name))
    assert len(corpus.texts) > 50
    assert all(rows for rows in corpus.right.values())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"text\n", "no rows|empty"),
        (b"utterance\nA cat.\n", "no column 'text'"),
        (b"text\n" + b"x" * 30_000 + b"\n", "30,000 characters"),
    ],
)
def test_what_cannot_be_searched_is_said(content: bytes, problem: str) -> None:
    with pytest.raises((DataError, InputError), match=problem):
        SearchCorpus.of("f.csv", open_corpus(File("f.csv", content)))


def test_too_many_texts_for_a_page_name_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_SEARCH_TEXTS", "2")
    with pytest.raises(InputError, match=r"3 texts are too many here: the limit is 2 \(SIMCSE_MAX_SEARCH_TEXTS\)"):
        SearchCorpus.of("", open_corpus(["a", "b", "c"]))

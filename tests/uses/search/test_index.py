"""The index: built, kept, opened, added to, searched; and what it refuses."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from simcse_core import Index, UserError
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.prompts import Prompts
from simcse_core.encoding.protocol import Trainable
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError, InputError, ModelError, OptionError, ShapeError
from simcse_core.uses.search import stored
from simcse_core.uses.search.identity import Identity
from simcse_core.uses.search.index import METHODS, Hit, Method
from tests.uses.search.angles import Angles, angles, cosine

TEXTS = ["north 90", "east 0", "north by east 80", "south 270", "east 0"]


def of_angles(texts: Sequence[str] = TEXTS, **columns: Sequence[object]) -> Index:
    return Index.of(texts, Angles().encode(texts), columns, angles())


def test_the_closest_come_first_and_equal_ones_in_their_order() -> None:
    hits = of_angles().search("? 10", top_k=3)
    assert hits == [
        Hit(1, "east 0", cosine(10)),
        Hit(4, "east 0", cosine(10)),
        Hit(2, "north by east 80", cosine(70)),
    ]


def test_a_list_of_queries_gives_a_list_of_hits_for_each() -> None:
    north, east = of_angles().search(["? 90", "? 0"], top_k=1)
    assert (north[0].text, east[0].text) == ("north 90", "east 0")
    assert of_angles().search([], top_k=1) == []


def test_words_find_only_texts_that_share_one() -> None:
    assert [hit.row for hit in of_angles().search("east", method="bm25")] == [1, 4, 2]
    assert of_angles().search("west", method="bm25") == []


def test_hybrid_adds_the_reciprocal_ranks_of_both() -> None:
    hits = of_angles(["kite 0", "boat 1", "red kite 50"]).search("kite 2", method="hybrid")
    # by meaning: boat, kite, red kite; by words: kite, red kite
    assert [hit.row for hit in hits] == [0, 2, 1]
    assert [hit.score for hit in hits] == pytest.approx([1 / 62 + 1 / 61, 1 / 63 + 1 / 62, 1 / 61])


def test_a_threshold_is_on_the_scale_of_the_method() -> None:
    index = of_angles()
    assert [hit.row for hit in index.search("? 0", threshold=cosine(80))] == [1, 4, 2]
    best = index.search("east", method="bm25")[0].score
    assert [hit.row for hit in index.search("east", method="bm25", threshold=best)] == [1, 4]
    assert [hit.row for hit in index.search("east 0", method="hybrid", threshold=2 / 61)] == [1]


@pytest.mark.parametrize("method", METHODS)
def test_a_filter_leaves_only_rows_with_the_value(method: Method) -> None:
    index = of_angles(language=["en", "de", "en", "fr", "fr"], year=[2024, 2024, 2025, 2025, 2025])
    assert index.columns == ("language", "year")
    assert index.values("year") == ["2025", "2024"]
    rows = [hit.row for hit in index.search("east 0", method=method, where={"language": ["de", "fr"]})]
    assert set(rows) <= {1, 3, 4}
    assert rows[:2] == [1, 4]
    (hit,) = index.search("north 90", method=method, where={"language": "en", "year": 2025})
    assert (hit.row, hit.columns) == (2, {"language": "en", "year": "2025"})
    assert index.search("east 0", method=method, where={"language": "xx"}) == []
    assert index.search("east 0", method=method, where={"year": 2024.0})[0].row == 1


def test_a_corpus_of_one_and_the_query_alone_in_it() -> None:
    index = of_angles(["east 0"])
    for method in METHODS:
        assert [hit.row for hit in index.search("east 0", method=method)] == [0]
    assert index.duplicates(-1).pairs == ()


def test_queries_may_come_encoded() -> None:
    index = Index.of(TEXTS, Angles().encode(TEXTS))
    assert index.search("?", embeddings=Angles().encode(["? 90"]))[0].row == 0
    with pytest.raises(ModelError, match="does not know its model"):
        index.search("? 90")
    with pytest.raises(ShapeError, match=r"have to be 1 x 2: got shape \(1, 3\)"):
        index.search("?", embeddings=np.ones((1, 3), dtype=np.float32))


def test_embeddings_that_are_no_unit_rows_are_refused() -> None:
    with pytest.raises(ShapeError, match="Embedding 1 has a length of 2: they have to be unit rows"):
        Index.of(TEXTS[:2], np.array([[1, 0], [2, 0]], dtype=np.float32))
    with pytest.raises(ShapeError, match="Embedding 0 has a length of nan"):
        of_angles().search("?", embeddings=np.array([np.nan, 0]))


@pytest.mark.parametrize("corpus", [[], (), pd.DataFrame({"text": []}), pd.Series([], dtype=str)])
def test_an_empty_corpus_is_refused(corpus: Any) -> None:
    with pytest.raises(InputError, match="is empty: a search needs at least one text"):
        Index.build(corpus, angles())


def test_what_is_no_corpus_or_no_search_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 2: 'text' holds a list"):
        Index.build(pd.DataFrame({"text": ["a 0", ["b", "c"]]}), angles())
    with pytest.raises(DataError, match=r"no column 'text': its columns are utterance, label.*text=utterance"):
        Index.build(pd.DataFrame({"utterance": ["a 0"], "label": ["x"]}), angles())
    with pytest.raises(InputError, match="not a dict"):
        Index.build({"text": "a"}, angles())
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=r"ends in none of"):
        Index.build(tmp_path / "picture.png", angles())
    with pytest.raises(DataError, match=r"no file nothing.csv"):
        Index.build("nothing.csv", angles())
    with pytest.raises(OptionError, match=r"Unknown method 'sparse'. Choose one of: dense, bm25, hybrid"):
        of_angles().search("a 0", method=cast(Any, "sparse"))
    with pytest.raises(OptionError, match=r"top_k is 0"):
        of_angles().search("a 0", top_k=0)
    with pytest.raises(InputError, match="Query 1 is empty"):
        of_angles().search(" ")
    with pytest.raises(OptionError, match=r"no column 'lang' to filter by. Choose one of: language"):
        of_angles(language=["en"] * 5).search("a 0", where={"lang": "en"})
    with pytest.raises(ShapeError, match="There are 5 texts, but 4 rows in language"):
        of_angles(language=["en"] * 4)


def test_too_many_texts_or_queries_are_refused_by_the_limits_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_INDEX_TEXTS", "4")
    with pytest.raises(InputError, match=r"more than 4 texts.*SIMCSE_MAX_INDEX_TEXTS"):
        Index.build(TEXTS, angles())
    monkeypatch.setenv("SIMCSE_MAX_QUERIES", "1")
    with pytest.raises(InputError, match="SIMCSE_MAX_QUERIES"):
        of_angles(["a 0"]).search(["a 0", "b 0"])
    monkeypatch.setenv("SIMCSE_MAX_RESULTS", "3")
    with pytest.raises(OptionError, match="SIMCSE_MAX_RESULTS"):
        of_angles(["a 0"]).search("a 0", top_k=4)


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "SHARD", 2)


def found(index: Index) -> list[list[Hit]]:
    return [index.search("east 0", method=method, where=None) for method in METHODS]


@pytest.mark.usefixtures("small_shards")
def test_a_folder_answers_as_memory_does_and_so_do_texts_that_are_added(tmp_path: Path) -> None:
    table = pd.DataFrame({"text": TEXTS, "year": [2024, 2024, 2025, None, 2025]})
    built = Index.build(table, angles(), tmp_path / "index")
    opened = Index.open(tmp_path / "index", angles())
    assert found(built) == found(opened) == found(Index.build(table, angles()))
    assert opened.values("year") == ["2024", "2025", ""]

    more = pd.DataFrame({"year": [1999, 2000], "text": ["west 180", "east 1"], "other": ["x", "y"]})
    opened.add(more)
    memory = Index.build(table, angles())
    memory.add(more)
    assert len(opened) == len(memory) == 7
    assert found(opened) == found(memory) == found(Index.open(tmp_path / "index", angles()))
    assert opened.search("west", method="bm25", where={"year": 1999})[0].row == 5
    assert sorted(path.name for path in (tmp_path / "index").glob("bm25*")) == ["bm25-00004"]


class Killed(BaseException):
    """What nothing catches."""


def killed_after(shards: int) -> Trainable:
    """An encoder that counts the texts it encodes, and dies at a shard."""

    class Model(Angles):
        encoded = 0

        def encode(self, texts: Sequence[str], **_how: Any) -> Embeddings:
            if len(texts) > 1 or "probe" not in texts[0]:
                if self.encoded >= 2 * shards:
                    raise Killed
                self.encoded += len(texts)
            return super().encode(texts)

    return cast(Trainable, Model())


@pytest.mark.usefixtures("small_shards")
def test_a_killed_building_is_no_index_and_goes_on_behind_what_is_encoded(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    with pytest.raises(Killed):
        Index.build(TEXTS, killed_after(2), folder)
    with pytest.raises(
        DataError, match=r"is not complete: building it was interrupted. Run the command that started it"
    ):
        Index.open(folder)
    with pytest.raises(DataError, match=r"begun in .* with other texts"):
        Index.build(["other 0", *TEXTS[1:]], killed_after(9), folder)
    with pytest.raises(DataError, match=r"begun in .* with other texts"):
        Index.build(TEXTS[:3], killed_after(9), folder)
    model = killed_after(9)
    progress: list[tuple[int, int]] = []
    index = Index.build(TEXTS, model, folder, on_progress=lambda done, total: progress.append((done, total)))
    assert cast(Any, model).encoded == 1
    assert progress == [(2, 5), (4, 5), (5, 5)]
    assert found(index) == found(of_angles())
    assert not (folder / "building.json").exists()


@pytest.mark.usefixtures("small_shards")
def test_adding_that_is_killed_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    Index.build(TEXTS, angles(), folder)
    with pytest.raises(Killed):
        Index.open(folder, killed_after(1)).add(["a 1", "b 2", "c 3"])
    assert found(Index.open(folder, angles())) == found(of_angles())
    model = killed_after(9)
    Index.open(folder, model).add(["a 1", "b 2", "c 3"])
    assert cast(Any, model).encoded == 1
    assert len(Index.open(folder)) == 8


def test_a_folder_with_an_index_or_with_other_files_is_not_written_over(tmp_path: Path) -> None:
    Index.build(TEXTS, angles(), tmp_path / "index")
    with pytest.raises(OptionError, match="holds an index already, of 5 texts"):
        Index.build(["a 0"], angles(), tmp_path / "index")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"")
    with pytest.raises(OptionError, match="holds other files"):
        Index.build(["a 0"], angles(), tmp_path / "photos")
    with pytest.raises(OptionError, match="is a file"):
        Index.build(["a 0"], angles(), tmp_path / "photos" / "cat.jpg")
    with pytest.raises(DataError, match="is no index"):
        Index.open(tmp_path / "photos")
    with pytest.raises(DataError, match="is no index"):
        Index.open(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "embeddings-00000.npy").unlink(),
        lambda folder: (folder / "embeddings-00000.npy").write_bytes(b"short"),
        lambda folder: np.save(folder / "embeddings-00000.npy", np.ones((5, 3), dtype=np.float32)),
        lambda folder: (folder / "rows-00000.arrow").write_bytes(b"ARROW1"),
        lambda folder: (folder / "index.json").write_text("{}"),
        lambda folder: (folder / "index.json").write_text("{"),
    ],
)
def test_a_damaged_index_says_so(tmp_path: Path, harm: Any) -> None:
    Index.build(TEXTS, angles(), tmp_path / "index")
    harm(tmp_path / "index")
    with pytest.raises(DataError, match=r"is damaged: .* Build it again"):
        Index.open(tmp_path / "index")


def test_damage_of_the_words_shows_when_they_are_asked_for(tmp_path: Path) -> None:
    Index.build(TEXTS, angles(), tmp_path / "index")
    (tmp_path / "index" / "bm25-00001" / "vocab.index.json").write_text("")
    index = Index.open(tmp_path / "index", angles())
    assert index.search("east 0")[0].row == 1
    with pytest.raises(DataError, match="is damaged"):
        index.search("east 0", method="bm25")


def test_an_index_of_a_later_version_is_refused(tmp_path: Path) -> None:
    Index.build(TEXTS, angles(), tmp_path / "index")
    file = tmp_path / "index" / "index.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))
    with pytest.raises(DataError, match="of a later version"):
        Index.open(tmp_path / "index")


def test_another_model_layer_prompt_or_dimension_is_refused(tmp_path: Path, minilm: SimCSE) -> None:
    folder = tmp_path / "index"
    Index.build(["A cat sleeps.", "Stocks fell."], minilm, folder, prompt="text: ")
    for settings, words in {
        "dim": ({"dim": 48}, "has embeddings of 384 dimensions, by minilm; minilm gives 48"),
        "layer": ({"layer": 3}, "minilm as it is now gives other embeddings"),
        "pooling": ({"pooling": "max"}, "minilm as it is now gives other embeddings"),
        "prompt": ({"prompt": ""}, "was built with the prompt 'text: ' for texts, not with ''"),
    }.values():
        with pytest.raises(ModelError, match=words):
            Index.open(folder, minilm, **cast(Any, settings))
    with pytest.raises(ModelError, match="angles gives 2"):
        Index.open(folder, angles())
    assert Index.open(folder, minilm).search("a kitten", top_k=1)[0].row == 0
    assert Index.open(folder).search("a kitten", top_k=1)[0].row == 0  # by its name
    with pytest.raises(ModelError, match="was built with the prompt"):
        Index.open(folder, minilm, prompt="").add(["more"])


def test_another_model_is_named_before_its_prompt() -> None:
    built = Identity("e5", 2, "passage: ", "query: ", (1.0, 0.0))
    with pytest.raises(ModelError, match="The index was built by e5, and minilm gives other embeddings"):
        built.check(Identity("minilm", 2, "", "", (0.0, 1.0)), "The index")
    with pytest.raises(ModelError, match="with the prompt 'query: ' for queries, not with ''"):
        built.check(Identity("e5", 2, "passage: ", "", (1.0, 0.0)), "The index")


def test_a_broken_off_building_does_not_go_on_with_another_model(tmp_path: Path, minilm: SimCSE) -> None:
    with pytest.raises(Killed):
        Index.build(TEXTS, killed_after(0), tmp_path / "index")
    with pytest.raises(UserError, match="has embeddings of 2 dimensions, by angles; minilm gives 384"):
        Index.build(TEXTS, minilm, tmp_path / "index")


def test_a_model_that_was_trained_so_reads_queries_and_texts_with_their_prompts(tmp_path: Path, minilm: SimCSE) -> None:
    model = minilm.configured()
    model.prompts = Prompts({"query": "query: ", "document": "passage: "})
    texts = ["A cat sleeps on the sofa.", "Stocks fell."]
    index = Index.build(texts, model, tmp_path / "index")
    expected = minilm.encode(["query: a kitten"])[0] @ minilm.encode(["passage: " + texts[0]])[0]
    assert index.search("a kitten", top_k=1)[0].score == pytest.approx(float(expected), abs=1e-5)
    alike = Index.build(texts, model, prompt="query").search("a kitten", top_k=1)[0].score
    expected = minilm.encode(["query: a kitten"])[0] @ minilm.encode(["query: " + texts[0]])[0]
    assert alike == pytest.approx(float(expected), abs=1e-5)
    with pytest.raises(ModelError, match="with the prompt 'passage: ' for texts, not with 'query: '"):
        Index.open(tmp_path / "index", model, prompt="query")


def test_lists_tables_files_and_bundled_data_are_all_a_corpus(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("a 0\n\nb 90\n")
    (tmp_path / "t.csv").write_text("utterance,year\na 0,2024\nb 90,\n")
    (tmp_path / "t.jsonl").write_text('{"text": "a 0"}\n{"year": 2024, "text": "b 90", "tags": ["x"]}\n')
    (tmp_path / "t.json").write_text('[{"text": "a 0", "year": 1.0}, {"text": "b 90"}]')
    assert Index.build(tmp_path / "t.txt", angles()).columns == ()
    table = Index.build(str(tmp_path / "t.csv"), angles(), columns={"text": "utterance"})
    assert (table.columns, table.values("year")) == (("year",), ["2024", ""])
    lines = Index.build(tmp_path / "t.jsonl", angles())
    assert (lines.columns, lines.values("tags")) == (("year", "tags"), ["", '["x"]'])
    assert Index.build(tmp_path / "t.json", angles()).values("year") == ["1", ""]

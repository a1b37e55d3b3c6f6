"""What comes onto the map: texts of any source with their columns, and what cannot be mapped."""

from io import BytesIO

import numpy as np
import pyarrow
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from simcse_core.data import bundled
from simcse_core.data.files import File
from simcse_core.data.kinds import Labelled, Pairs, Texts
from simcse_core.errors import DataError, InputError
from simcse_core.uses.search.corpus import open_corpus
from ui.map import own_vectors
from ui.map.source import MapTexts, content_of
from ui.map.sources import with_split
from ui.shared.cache import EncoderSettings
from ui.shared.data_choice import Upload, hash_of

FOUR = ("A cat sleeps.", "A dog barks.", "Stocks fell.", "Bonds rose.")


def of_file(content: bytes, name: str = "f.csv") -> MapTexts:
    return MapTexts.of_corpus(open_corpus(File(name, content)))


def npy(array: NDArray[np.floating]) -> bytes:
    out = BytesIO()
    np.save(out, array)
    return out.getvalue()


def upload(content: bytes, name: str) -> Upload:
    return Upload(content, name, hash_of(content))


@pytest.mark.parametrize("name", bundled.names())
def test_every_bundled_set_can_be_mapped(name: str) -> None:
    texts = MapTexts.of_data(bundled.load(name))
    assert len(texts) > 50
    assert all(len(cells) == len(texts) for cells in texts.columns.values())


def test_of_a_table_all_columns_come_along_and_one_of_them_is_the_label() -> None:
    texts = of_file("text,label,topic\n甲,x,1\n乙,y,\n丙,x,3\n丁,y,4\n".encode())
    assert texts.texts == ("甲", "乙", "丙", "丁")
    assert texts.labels == ("x", "y", "x", "y")
    assert texts.columns["topic"] == ("1", "", "3", "4")


def test_of_pairs_each_different_text_is_one_point() -> None:
    texts = MapTexts.of_data(Pairs("p.csv", ("a", "a", "c"), ("x", "y", "x"), (1, 0, 1)))
    assert sorted(texts.texts) == ["a", "c", "x", "y"]
    assert texts.labels is None


def test_the_data_of_a_run_say_which_texts_it_learned_from() -> None:
    train, dev = Labelled("d.csv", ("a", "b", "c"), ("x", "y", "x")), Labelled("d.csv", ("d",), ("y",))
    texts = with_split([("train", train), ("dev", dev)])
    assert texts.texts == ("a", "b", "c", "d")
    assert texts.columns["split"] == ("train", "train", "train", "dev")
    assert texts.labels == ("x", "y", "x", "y")
    unlabelled = with_split([("train", Texts("t", ("a", "b", "b", "c"))), ("dev", Texts("t", ("c", "e")))])
    assert unlabelled.texts == ("a", "b", "c", "e"), "a text on both sides is one point"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"text\na\nb\nc\n", "at least 4 texts; there are 3"),
        ("text\na\nb\nc\n\u200b\u200b\n".encode(), "row 5"),
        (b"text\na\nb\nc\n" + b"x" * 30_000 + b"\n", "30,000 characters"),
    ],
)
def test_what_cannot_be_mapped_is_said(content: bytes, problem: str) -> None:
    with pytest.raises((DataError, InputError), match=problem):
        of_file(content)


def test_too_many_texts_for_a_map_name_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_MAP_POINTS", "5")
    with pytest.raises(InputError, match="the limit is 5 \\(SIMCSE_MAX_MAP_POINTS\\)"):
        MapTexts.of("t", ("a", "b", "c", "d", "e", "f"))


def test_texts_that_are_left_out_leave_their_cells_and_vectors_too() -> None:
    vectors = np.eye(6, dtype=np.float32)
    texts = MapTexts.of("t", tuple("abcdef"), {"label": tuple("uvwxyz")}, vectors)
    part = texts.without({1, 3})
    assert part.texts == ("a", "c", "e", "f")
    assert part.labels == ("u", "w", "y", "z")
    assert part.vectors is not None
    np.testing.assert_array_equal(part.vectors, vectors[[0, 2, 4, 5]])
    assert (part.root, part.key != texts.key) == (texts.key, True)
    assert part.source_rows is not None
    assert part.source_rows.tolist() == [0, 2, 4, 5]
    with pytest.raises(InputError, match="at least 4"):
        texts.without({0, 1, 2})


def test_a_key_depends_on_texts_columns_vectors_and_encoder() -> None:
    plain = MapTexts.of("t", FOUR)
    vectors = np.eye(4, dtype=np.float32)
    others = [
        MapTexts.of("t", FOUR[::-1]),
        MapTexts.of("t", FOUR, {"a": tuple("wxyz")}),
        MapTexts.of("t", FOUR, None, vectors),
        MapTexts.of("t", FOUR, None, vectors[::-1].copy()),
    ]
    assert len({one.key for one in [plain, *others]}) == 5
    assert content_of(plain, EncoderSettings("minilm")) != content_of(plain, EncoderSettings("minilm", layer=2))
    assert content_of(plain, EncoderSettings("minilm")) == content_of(MapTexts.of("t", FOUR), EncoderSettings("minilm"))


def test_an_array_without_texts_is_mapped_by_the_numbers_of_its_rows() -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 3))
    texts = own_vectors.read(upload(npy(vectors), "v.npy"))
    assert texts.texts == ("#1", "#2", "#3", "#4", "#5")
    assert texts.vectors is not None
    np.testing.assert_allclose(texts.vectors, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), atol=1e-6)


def test_a_table_with_a_column_of_lists_brings_texts_vectors_and_other_columns() -> None:
    table = pyarrow.table(
        {"text": list(FOUR), "vector": np.eye(4).tolist(), "intent": ["x", "x", "y", "y"], "stars": [1, 2, None, 4]}
    )
    out = BytesIO()
    parquet.write_table(table, out)
    brought = upload(out.getvalue(), "v.parquet")
    assert own_vectors.has_vectors(brought)
    texts = own_vectors.read(brought)
    assert texts.texts == FOUR
    assert texts.labels == ("x", "x", "y", "y"), "intent is a name of labels"
    assert texts.columns["stars"] == ("1", "2", "", "4")
    out = BytesIO()
    parquet.write_table(table.drop_columns("vector"), out)
    assert not own_vectors.has_vectors(upload(out.getvalue(), "t.parquet"))


@pytest.mark.parametrize(
    ("vectors", "problem"),
    [
        (np.array([[1.0, 0], [0, 1], [np.nan, 1], [1, 1]]), "row 3"),
        (np.array([[1.0, 0], [0, 1], [1, 1], [0, 0]]), "row 4"),
        (np.ones((6, 3)), "one direction"),
        (np.ones(6), "shape"),
        (np.eye(3), "at least 4 texts"),
    ],
)
def test_embeddings_that_cannot_be_mapped_are_refused_with_their_row(
    vectors: NDArray[np.float64], problem: str
) -> None:
    with pytest.raises((DataError, InputError), match=problem):
        own_vectors.read(upload(npy(vectors), "v.npy"))

import io
import os
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcse_core import durable
from simcse_core.encoding import streaming
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.streaming import StreamSummary, encode_stream
from simcse_core.encoding.texts import Embeddings, Progress, TextCheck
from simcse_core.errors import DataError, InputError, OptionError
from tests.conftest import SENTENCES


class StandIn:
    """A model that remembers what it was given. A vector begins with the length of its text."""

    def __init__(self, dim: int = 3) -> None:
        self.dim = dim
        self.given: list[int] = []
        self.before_encoding: Callable[[], None] = lambda: None

    def check(self, texts: Sequence[str]) -> TextCheck:
        found = [tuple(at for at, text in enumerate(texts) if sign in text) for sign in "<?"]
        return TextCheck(truncated=found[0], unreadable=found[1])

    def encode(
        self, texts: Sequence[str], *, precision: str = "float32", on_progress: Progress | None = None
    ) -> Embeddings:
        self.before_encoding()
        self.given.append(len(texts))
        embeddings = np.zeros((len(texts), self.dim), dtype=np.float32)
        embeddings[:, 0] = [len(text) for text in texts]
        if on_progress is not None:
            for done in (1, 2):
                on_progress(done, 2)
        return embeddings


@pytest.fixture
def model() -> Any:
    return StandIn()


def saved(embeddings: Embeddings) -> bytes:
    file = io.BytesIO()
    np.save(file, embeddings)
    return file.getvalue()


@pytest.mark.parametrize("shard", [1, 3, 8, 100])
def test_the_file_is_the_one_that_numpy_saves(model: Any, tmp_path: Path, shard: int) -> None:
    encode_stream(model, iter(SENTENCES), tmp_path / "v.npy", shard=shard)
    assert (tmp_path / "v.npy").read_bytes() == saved(model.encode(SENTENCES))


def test_embeddings_equal_those_of_encoding_all_at_once(
    minilm: SimCSE, multilingual: FrozenEncoder, tmp_path: Path
) -> None:
    for model in (minilm.configured(layer=2), multilingual):
        summary = encode_stream(model, (text for text in SENTENCES), tmp_path / "v.npy", shard=3)
        np.testing.assert_allclose(np.load(tmp_path / "v.npy"), model.encode(SENTENCES), atol=1e-6)
        assert summary == StreamSummary(8, model.dim, 0, 0, None, None)


def test_no_texts_give_no_rows(model: Any, tmp_path: Path) -> None:
    assert encode_stream(model, [], tmp_path / "v.npy") == StreamSummary(0, 3, 0, 0, None, None)
    assert np.load(tmp_path / "v.npy").shape == (0, 3)


def test_texts_are_taken_only_when_they_are_needed(model: Any, tmp_path: Path) -> None:
    taken: list[str] = []
    taken_before_encoding: list[int] = []
    model.before_encoding = lambda: taken_before_encoding.append(len(taken))

    def texts() -> Iterator[str]:
        for number in range(25):
            taken.append(f"text {number}")
            yield taken[-1]

    encode_stream(model, texts(), tmp_path / "v.npy", shard=10)
    assert taken_before_encoding == [10, 20, 25]
    assert model.given == [10, 10, 5]


def test_long_texts_make_a_shard_full_earlier(model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "CHARACTERS_AT_ONCE", 100)
    encode_stream(model, ["long " * 10] * 5 + ["short"] * 3, tmp_path / "v.npy", shard=10)
    assert model.given == [2, 2, 4]


def test_memory_does_not_grow_with_the_number_of_texts(tmp_path: Path) -> None:
    model: Any = StandIn(dim=512)
    tracemalloc.start()
    encode_stream(model, (f"text {number}" for number in range(10_000)), tmp_path / "v.npy", shard=500)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "v.npy").stat().st_size == 128 + 10_000 * 512 * 4
    assert peak < 4_000_000  # bytes; the matrix has 20 million


@pytest.mark.parametrize("error", [DataError("row 25001"), KeyboardInterrupt(), RuntimeError()])
def test_after_an_error_there_is_no_file_and_an_older_one_stays(
    model: Any, tmp_path: Path, error: BaseException
) -> None:
    def texts() -> Iterator[str]:
        for number in range(25_000):
            yield f"text {number}"
        raise error

    (tmp_path / "old.npy").write_bytes(b"older")
    for name in ("old.npy", "new.npy"):
        with pytest.raises(type(error)):
            encode_stream(model, texts(), tmp_path / name)
    assert model.given == [10_000, 10_000] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["old.npy"]
    assert (tmp_path / "old.npy").read_bytes() == b"older"


def test_the_file_appears_when_it_is_complete(model: Any, tmp_path: Path) -> None:
    model.before_encoding = lambda: seen.append((tmp_path / "v.npy").exists())
    seen: list[bool] = []
    encode_stream(model, ["a"] * 5, tmp_path / "v.npy", shard=2)
    assert seen == [False] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["v.npy"]


def test_what_a_link_leads_to_is_written(model: Any, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "v.npy").symlink_to(tmp_path / "disk" / "real.npy")
    encode_stream(model, ["a"], tmp_path / "v.npy")
    assert (tmp_path / "v.npy").is_symlink()
    assert np.load(tmp_path / "disk" / "real.npy").tolist() == [[1, 0, 0]]


def test_the_summary_counts_over_all_shards_and_names_the_first_text(model: Any, tmp_path: Path) -> None:
    texts = ["fine"] * 4 + ["<"] + ["fine"] * 2 + ["?<", "?"]
    summary = encode_stream(model, texts, tmp_path / "v.npy", shard=3)
    assert summary == StreamSummary(9, 3, truncated=2, unreadable=2, first_truncated=4, first_unreadable=7)


def test_progress_counts_all_texts(model: Any, tmp_path: Path) -> None:
    seen: list[int] = []
    encode_stream(model, ["a"] * 25, tmp_path / "v.npy", shard=10, on_progress=seen.append)
    assert seen == [5, 10, 15, 20, 22, 25]


def test_progress_counts_repeated_texts_of_a_shard_too(minilm: SimCSE, tmp_path: Path) -> None:
    seen: list[int] = []
    model = minilm.configured(layer=0)
    encode_stream(model, ["a", "b", "a", "a"], tmp_path / "v.npy", on_progress=seen.append)
    assert seen == [4]


def test_vectors_are_on_the_disk_before_they_get_their_name(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def noted(step: str, really: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            steps.append(step)
            really(*arguments)

        return call

    monkeypatch.setattr(os, "fsync", noted("sync", os.fsync))
    monkeypatch.setattr(durable, "move", noted("move", durable.move))
    encode_stream(model, ["a", "b"], tmp_path / "v.npy")
    assert steps == ["sync", "move", "sync"]  # the last is the folder's
    assert np.load(tmp_path / "v.npy").shape == (2, 3)


def test_mistakes_are_refused_in_words(model: Any, minilm: SimCSE, tmp_path: Path) -> None:
    mixed: Any = ["a", "b", "c", None]
    with pytest.raises(InputError, match="list of texts"):
        encode_stream(model, "A cat.", tmp_path / "v.npy")
    with pytest.raises(InputError, match="Text 4 is a NoneType"):
        encode_stream(model, mixed, tmp_path / "v.npy", shard=2)
    with pytest.raises(OptionError, match="at least 1"):
        encode_stream(model, ["a"], tmp_path / "v.npy", shard=0)
    with pytest.raises(OptionError, match="Unknown precision"):
        encode_stream(minilm, ["a"], tmp_path / "v.npy", precision="int3")
    with pytest.raises(OptionError, match="cannot be written"):
        encode_stream(model, ["a"], tmp_path)
    assert list(tmp_path.iterdir()) == []

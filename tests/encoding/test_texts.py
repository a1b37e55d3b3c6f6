from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simcse_core import SimCSE
from simcse_core.encoding.streaming import encode_stream
from simcse_core.encoding.texts import checked
from simcse_core.errors import InputError

TEXTS = ["A cat sleeps.", "", "A cat sleeps.", "It rains."]


def generated() -> Iterator[str]:
    yield from TEXTS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    return path


MANY: list[Callable[[], Iterable[str]]] = [
    lambda: TEXTS,
    lambda: tuple(TEXTS),
    generated,
    lambda: map(str, TEXTS),
    lambda: iter(TEXTS),
    lambda: dict(enumerate(TEXTS)).values(),
    lambda: np.array(TEXTS),
    lambda: pd.Series(TEXTS),
]


@pytest.mark.parametrize("make", MANY)
def test_whatever_gives_texts_once_is_read_as_a_list_is(make: Callable[[], Iterable[str]]) -> None:
    assert checked(make()) == TEXTS


def test_an_open_file_gives_its_lines_without_their_ends(file: Path, minilm: SimCSE, tmp_path: Path) -> None:
    with file.open(encoding="utf-8") as lines:
        encoded = minilm.encode(lines)
    np.testing.assert_array_equal(encoded, minilm.encode(TEXTS))
    with file.open(encoding="utf-8") as lines:
        assert encode_stream(minilm, lines, tmp_path / "a.npy").n == 4
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), encoded)


def test_a_generator_is_encoded_and_checked(minilm: SimCSE) -> None:
    checks: list[object] = []
    encoded = minilm.encode(generated(), on_check=checks.append)
    np.testing.assert_array_equal(encoded, minilm.encode(TEXTS))
    assert checks == [minilm.check(TEXTS)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("a text", "not a single text"),
        (b"bytes", "not a bytes"),
        ({"a": 1}, "not a dict"),
        ({"a", "b"}, "not a set"),
        (pd.DataFrame({"text": ["a"]}), "not a DataFrame: of a table one column"),
        (5, "not a int"),
        (None, "not a NoneType"),
        (["a", None], "Text 2 is a NoneType, not a text"),
        ([["a"]], "Text 1 is a list, not a text"),
        (["a", 1.5], "Text 2 is a float"),
        (np.array(1), "Give a list of texts, not a ndarray"),
    ],
)
def test_what_gives_no_texts_is_refused(given: object, said: str, minilm: SimCSE, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        checked(given)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        encode_stream(minilm, given, tmp_path / "a.npy")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []

"""BM25: its words, its formula, its order."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

from simcse_core.uses.search.lexical import Lexical, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Wi-Fi's down!", ["the", "wi", "fi", "s", "down"]),
        ("ＣＡＦＥ\u0301", ["café"]),
        ("我的Wi-Fi坏了", ["我", "的", "我的", "wi", "fi", "坏", "了", "坏了"]),
        ("水", ["水"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("ある日", ["あ", "る", "日", "ある", "る日"]),
        ("…!?", []),
    ],
)
def test_words_are_folded_and_chinese_is_characters_and_pairs(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_the_score_is_that_of_the_formula() -> None:
    texts = ["red kite", "red red boat and kite", "blue boat", "sun"]
    ranking = Lexical.of(texts).search("red boat", 9)
    length = 2.5

    def part(frequency: int, words_in_text: int, texts_with_it: int) -> float:
        inverse = math.log(1 + (4 - texts_with_it + 0.5) / (texts_with_it + 0.5))
        return inverse * frequency / (frequency + 1.5 * (1 - 0.75 + 0.75 * words_in_text / length))

    expected = {0: part(1, 2, 2), 1: part(2, 5, 2) + part(1, 5, 2), 2: part(1, 2, 2)}
    assert dict(zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True)) == pytest.approx(expected)
    assert ranking.rows.tolist() == sorted(expected, key=lambda row: (-expected[row], row))


def test_equal_scores_keep_the_order_of_the_texts() -> None:
    ranking = Lexical.of(["kite"] * 50 + ["boat"]).search("kite", 5)
    assert ranking.rows.tolist() == [0, 1, 2, 3, 4]


def test_texts_or_queries_without_words_find_nothing() -> None:
    for texts in (["!", "?"], ["kite", "…"]):
        assert len(Lexical.of(texts).search("?!", 3)) == 0
    assert len(Lexical.of(["!", "?"]).search("kite", 3)) == 0


def test_it_is_the_same_from_the_disk(tmp_path: Path) -> None:
    for name, texts in {"words": ["a kite", "我的水", "a boat"], "none": ["!"]}.items():
        lexical = Lexical.of(texts)
        lexical.save(tmp_path / name)
        opened = Lexical.open(tmp_path / name)
        for query in ("a", "水", "none"):
            one, other = lexical.search(query, 3), opened.search(query, 3)
            assert (one.rows.tolist(), one.scores.tolist()) == (other.rows.tolist(), other.scores.tolist())


def test_counting_words_loads_no_numba() -> None:
    code = (
        "import sys; from simcse_core.uses.search.lexical import Lexical; Lexical.of(['a']).search('a', 1);"
        "print('numba' in sys.modules, 'torch' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["False", "False"]

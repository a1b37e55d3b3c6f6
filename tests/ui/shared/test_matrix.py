import json
import re
import struct
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from tests.ui.matrices import EVIL
from ui.shared.matrix.colors import NEUTRAL, CosineColors
from ui.shared.matrix.view import _Packed, to_bytes, to_html, to_hundredths

WORDS = dict.fromkeys(("zoom_in", "zoom_out", "fit", "hint", "help", "cell", "table"), "word")
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]


def ones(rows: int, columns: int | None = None) -> Matrix:
    return np.ones((rows, columns or rows), dtype=np.float32)


def page(texts: list[str], **options: Any) -> str:
    given = {"title": "Title", "words": WORDS, "alt": "A heatmap", "language": "en", **options}
    return to_html(ones(len(texts)), texts, **given)


def test_bytes_are_at_most_1_254_off_and_exact_for_minus_one_zero_and_one() -> None:
    cosines = np.linspace(-1, 1, 30_000, dtype=np.float32).reshape(3, -1)
    back = np.frombuffer(to_bytes(cosines), dtype=np.uint8).reshape(3, -1) / 127 - 1
    assert np.abs(back - cosines).max() <= 1 / 254 + 1e-6
    assert list(to_bytes(np.array([[-1, 0, 1]], dtype=np.float32))) == [0, 127, 254]


def test_what_is_no_cosine_is_cut_or_has_no_number() -> None:
    odd = np.array([[-1.5, 1.0001, np.nan, np.inf]], dtype=np.float32)
    assert list(to_bytes(odd)) == [0, 254, 255, 254]
    assert list(np.frombuffer(to_hundredths(odd), dtype=np.int8))[:3] == [-100, 100, 0]


def test_numbers_in_cells_are_rounded_as_the_tables_round_them() -> None:
    cosines = np.random.default_rng(0).uniform(-1, 1, (50, 40)).astype(np.float32)
    shown = np.frombuffer(to_hundredths(cosines), dtype=np.int8).reshape(50, 40) / 100
    assert [f"{value:.2f}" for value in shown.ravel() + 0.0] == [
        f"{value:.2f}" for value in cosines.round(2).ravel() + 0.0
    ]
    assert to_hundredths(ones(1001)) == b""


def unpacked(packed: _Packed) -> tuple[dict[str, Any], bytes]:
    """Header and numbers out of the parts, as the browser puts them together."""
    message = b""
    for number, part in enumerate(packed.parts):
        assert part[:32].hex() == packed.digest
        count, place, length = struct.unpack_from("<3I", part, 32)
        assert (count, place, part[44 : 44 + length]) == (len(packed.parts), number, b"key")
        message += part[44 + length :]
    length = int.from_bytes(message[:4], "little")
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def test_a_message_holds_digest_header_and_numbers_and_changes_with_each() -> None:
    packed = _Packed.of(ones(2, 3), ["a", "\ud800"], ["x", "y", "z"], "key")
    header, numbers = unpacked(packed)
    assert header == {"order": None, "rows": ["a", "\ud800"], "columns": ["x", "y", "z"]}
    assert numbers == bytes([254] * 6) + bytes([100] * 6)
    other_numbers = _Packed.of(0 * ones(2, 3), ["a", "\ud800"], ["x", "y", "z"], "key")
    other_texts = _Packed.of(ones(2, 3), ["a", "b"], ["x", "y", "z"], "key")
    assert other_numbers.sentences == packed.sentences != other_texts.sentences
    assert len({packed.digest, other_numbers.digest, other_texts.digest}) == 3


@pytest.mark.parametrize("n", [2, 2449, 5000])
def test_however_large_a_matrix_is_no_message_has_eight_megabytes(n: int) -> None:
    large = np.broadcast_to(np.float32(0.5), (n, n))
    texts = ["一个有五十个汉字的句子" * 5] * n
    packed = _Packed.of(large, texts, None, "key")
    assert max(map(len, packed.parts)) < 8_000_000
    header, numbers = unpacked(packed)
    assert header["rows"] == texts
    assert numbers[: n * n] == to_bytes(large)


def test_a_matrix_that_does_not_belong_to_the_sentences_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 2\).*\(3, 3\)"):
        _Packed.of(ones(3), ["a", "b"], None, "key")


def test_the_scale_is_orange_white_and_purple_and_grey_under_the_threshold() -> None:
    table: Any = CosineColors().for_browser()["table"]
    assert (len(table), table[0], table[127], table[254], table[255]) == (256, "#7F3B08", "#F7F7F7", "#2D004B", NEUTRAL)
    cut: Any = CosineColors(threshold=0.5).for_browser()["table"]
    below = [color == NEUTRAL for color in cut[:255]]
    assert below == [byte / 127 - 1 < 0.5 - 0.5 / 127 for byte in range(255)]


def test_a_stretched_scale_has_its_own_ends_and_ticks() -> None:
    scale: Any = CosineColors(0.6, 1).for_browser()
    assert scale["table"][0] == scale["table"][203] == "#7F3B08"  # (0.6 + 1) * 127 = 203.2
    assert scale["table"][254] == "#2D004B"
    assert [tick["text"] for tick in scale["ticks"]] == ["0.6", "0.7", "0.8", "0.9", "1"]
    with pytest.raises(ValueError, match="in this order"):
        CosineColors(0.5, 0.5)


def test_a_threshold_is_named_at_the_colour_bar() -> None:
    ticks: Any = CosineColors(threshold=0.37).for_browser()["ticks"]
    assert [tick["text"] for tick in ticks] == ["-1", "-0.5", "0", "0.37", "1"]  # not 0.5, which it would run into


class Elements(HTMLParser):
    """What a browser would find in a page: elements with their attributes, and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append((self.found[-1][0] if self.found else "", data))


def test_no_sentence_can_break_out_of_the_page() -> None:
    harmless, evil = Elements(page(list("abcdef"))), Elements(page(EVIL, title=EVIL[0]))
    assert [tag for tag, _attributes in evil.found] == [tag for tag, _attributes in harmless.found]
    assert not any("onerror" in attributes for _tag, attributes in evil.found)
    data = next(json.loads(text) for tag, text in evil.texts if tag == "script" and text.startswith('{"numbers"'))
    assert data["rows"] == EVIL


def test_the_page_can_be_written_as_utf_8_and_holds_nothing_that_ends_a_script() -> None:
    text = page(EVIL)
    text.encode("utf-8")
    assert "\x00" not in text
    assert text.count("</script") == 2
    assert "<!--" not in text.split("<body>")[1]


def test_the_page_may_ask_nobody_for_anything() -> None:
    elements = Elements(page(["a", "b"]))
    policy = next(given["content"] or "" for tag, given in elements.found if given.get("http-equiv"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert not any(given.get("src") or given.get("href") for _tag, given in elements.found)
    assert not re.search(r"https?://", page(["a", "b"]))


@pytest.mark.parametrize(("n", "tables"), [(60, 1), (61, 0)])
def test_the_page_has_a_table_of_the_numbers_while_it_can_be_read(n: int, tables: int) -> None:
    assert page([f"sentence {at}" for at in range(n)]).count("<table") == tables


def test_sentences_in_another_order_keep_their_numbers() -> None:
    header, _numbers = unpacked(_Packed.of(np.eye(2, dtype=np.float32), ["b", "a"], None, "key", [7, 3]))
    assert header["order"] == [7, 3]
    page = to_html(np.eye(2, dtype=np.float32), ["b", "a"], title="t", words=WORDS, language="en", numbers=[7, 3])
    assert '<th scope="row">7 b</th>' in page
    assert '"order": [7, 3]' in page

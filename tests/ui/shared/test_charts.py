import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcse_core.learning.losses import losses
from ui.frame.errors import plain
from ui.shared import charts, colors
from ui.shared.matrix.colors import CosineColors, takes_light_ink

EVIL = "<img src=x onerror=alert(1)><b>&amp;"


def identity(n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.eye(n, dtype=np.float32)


def test_long_labels_are_cut_and_chinese_counts_double() -> None:
    assert charts.shortened("a" * 50, 10) == "a" * 10 + "…"
    assert charts.shortened("图书馆几点开门", 10) == "图书馆几点…"
    assert charts.shortened("a\n b", 10) == "a b"


@pytest.mark.parametrize(
    "text", ["**bold**", "<b>x</b>", "$x^2$", ":material/home:", "[a](http://x)", "# x", "`x`", "1. x"]
)
def test_plain_text_escapes_every_sign_of_markdown(text: str) -> None:
    shown = plain(text)
    assert shown.replace("\\", "").replace("\u2060", "") == text
    assert all(shown[at - 1] == "\\" for at, letter in enumerate(shown) if letter in "*<>$:[]#`_^")


def test_losses_and_categories_have_colours_of_their_own() -> None:
    assert len({colors.of_loss(name) for name in [*losses.names(), "start"]}) == len(losses.names()) + 1
    looks = {(colors.of_category(at), colors.symbol_of_category(at)) for at in range(64)}
    assert len(looks) == 64


def test_texts_to_choose_from_differ_and_are_short_enough_for_thousands_in_one_message() -> None:
    texts = ["the same", "the same", "很长" * 10_000]
    choices = [charts.numbered(texts, at) for at in range(3)]
    assert choices[:2] == ["1  the same", "2  the same"]
    assert len(choices[2].encode()) * 5_000 < 8_000_000


PAGES = {"light": ("#FFFFFF", CosineColors().stops()), "dark": ("#16151C", CosineColors().stops(dark=True))}


@pytest.mark.parametrize("theme", PAGES)
def test_the_ends_of_the_scale_stand_out_from_the_page_and_its_middle_hardly_does(theme: str) -> None:
    page, stops = PAGES[theme]
    themes = tomllib.loads((Path(__file__).parent.parent.parent.parent / ".streamlit/config.toml").read_text())["theme"]
    assert themes[theme]["backgroundColor"] == page
    assert themes[theme]["chartDivergingColors"] == stops[:-1]
    assert min(colors.contrast(page, stops[0]), colors.contrast(page, stops[-1])) >= 3
    assert 1.05 < colors.contrast(page, stops[5]) < 1.5
    contrasts = [colors.contrast(page, stop) for stop in stops]
    assert contrasts[:6] == sorted(contrasts[:6], reverse=True), "the farther from 0, the more it stands out"
    assert contrasts[5:] == sorted(contrasts[5:])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("scale", [CosineColors(), CosineColors(0.6, 1), CosineColors(threshold=0.3)])
def test_numbers_can_be_read_on_every_colour_of_the_scale(scale: CosineColors, dark: bool) -> None:
    table: Any = scale.for_browser()["on_dark" if dark else "table"]
    cosines = (np.arange(255) / 127 - 1).astype(np.float32)
    light = takes_light_ink(cosines, scale, dark=dark)
    for color, takes_light in zip(table, light, strict=False):
        assert colors.contrast(color, colors.LIGHT_INK if takes_light else colors.DARK_INK) >= 4.5


def test_contrast_is_that_of_the_standard() -> None:
    assert colors.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert colors.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)  # the grey of WebAIM's examples

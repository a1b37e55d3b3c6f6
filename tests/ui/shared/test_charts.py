import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from simcse_core.learning.losses import losses
from ui.frame.errors import plain
from ui.shared import charts, colors
from ui.shared.matrix.colors import CosineColors, takes_light_ink

EVIL = "<img src=x onerror=alert(1)><b>&amp;"


def identity(n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.eye(n, dtype=np.float32)


def test_a_heatmap_has_the_fixed_cosine_scale() -> None:
    trace, *_numbers = charts.heatmap(identity(3), ["a", "b", "c"]).data
    assert (trace.zmin, trace.zmax) == (-1, 1)
    assert trace.colorscale[0][1].upper() == colors.PUOR[0]
    assert trace.colorscale[5][1].upper() == "#F7F7F7"  # 0 is neutral


@pytest.mark.parametrize(
    ("n", "numbers", "labels"), [(2, True, True), (12, True, True), (13, False, True), (31, False, False)]
)
def test_numbers_and_labels_go_when_there_is_no_room(n: int, numbers: bool, labels: bool) -> None:
    figure = charts.heatmap(identity(n), ["sentence"] * n)
    assert any(trace.texttemplate for trace in figure.data) == numbers
    assert any("sentence" in label for label in figure.layout.yaxis.ticktext) == labels


def test_tags_in_a_sentence_stay_text_in_every_figure() -> None:
    heatmap = charts.heatmap(identity(2), [EVIL, "b"])
    scatter = charts.scatter(identity(2), [EVIL, "b"], [EVIL, "x"], selected=0, neighbours=[1])
    assert "&lt;img" in heatmap.layout.yaxis.ticktext[0]
    for figure in (heatmap, scatter):
        assert "<img" not in str(figure.to_plotly_json())


def test_every_point_of_a_map_knows_which_text_it_is() -> None:
    figure = charts.scatter(identity(4)[:, :2], list("abcd"), list("yxyx"))
    named = {trace.name: list(trace.customdata) for trace in figure.data}
    assert named == {"x": [1, 3], "y": [0, 2]}


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


def test_an_empty_curve_is_a_chart_all_the_same() -> None:
    spec = charts.lines({"a": []}, x_name="x", y_name="y", colors_of={"a": "#000000"})
    assert spec["series"][0]["data"] == []
    assert isinstance(charts.intervals([], [], [], "x"), go.Figure)


def test_numbers_are_dark_on_light_cells_and_light_on_dark_ones() -> None:
    cosines = np.array([[1.0, 0.1, 0.55], [0.1, 1.0, -0.9], [0.55, -0.9, 1.0]], dtype=np.float32)
    cells, light, dark = charts.heatmap(cosines, list("abc")).data
    assert (light.textfont.color, dark.textfont.color) == (colors.LIGHT_INK, colors.DARK_INK)
    np.testing.assert_array_equal(np.isnan(light.z), ~np.isnan(dark.z))
    assert np.isnan(dark.z[0][0])
    assert not np.isnan(dark.z[0][1])
    assert {light.hoverinfo, dark.hoverinfo} == {"skip"}  # pointing and clicking reach the cells below
    assert cells.texttemplate is None


def test_lines_that_look_like_numbers_stay_names() -> None:
    figure = charts.heatmap(identity(3), ["1984", "2", "3.5"])
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "category"


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

import numpy as np
import plotly.graph_objects as go
import pytest

from simcse_core.learning.losses import losses
from ui.frame.errors import plain
from ui.shared import charts, colors

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
    assert (light.textfont.color, dark.textfont.color) == ("#FFFFFF", "#131119")
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

"""The map's component: what it sends, what it believes, and what it gives away."""

import base64
import json
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from simcse_core.errors import InputError
from tests.hostile import NAMES, UNSEEN
from tests.ui.map_points import GROUPS, blobs
from ui.map.plot import Classes, Layout, Numbers, Plot, packing, svg, to_html, to_svg
from ui.map.plot.palette import NO_NUMBER, colored
from ui.map.plot.scene import scene, shown
from ui.map.plot.view import read
from ui.map.plot.words import words

SVG = "{http://www.w3.org/2000/svg}"


def layout(points: Any, name: str = "one") -> Layout:
    return Layout(name, name, np.asarray(points, dtype=np.float32))


def plot(*layouts: Layout, **options: Any) -> Plot:
    return Plot("content", ["text"] * len(layouts[0].points), layouts, **options)


def units(plot: Plot, place: int) -> np.ndarray[Any, Any]:
    """Points of a layout as the browser has them, from 0 to 1."""
    array = next(array for array in scene(plot).arrays if array.name == f"layout-{place}")
    dimensions = plot.layouts[place].points.shape[1]
    return np.frombuffer(array.data, dtype="<u2").reshape(-1, dimensions) / packing.STEPS


def test_places_are_half_a_step_off_at_most_and_keep_their_shape() -> None:
    points = np.random.default_rng(0).normal(0, [30, 2], (500, 2)).astype(np.float32)
    got = units(plot(layout(points)), 0)
    span = np.ptp(points, axis=0).max()
    expected = (points - (points.min(0) + points.max(0)) / 2) / span + 0.5  # one scale for both axes
    assert np.abs(got - expected).max() <= 0.5 / packing.STEPS + 1e-6
    assert np.ptp(got[:, 0]) == pytest.approx(1, abs=1e-4)


def test_steps_share_a_frame_so_what_stays_is_drawn_in_one_place() -> None:
    before, after = [[0, 0], [1, 1], [4, 0]], [[0, 0], [8, -8], [4, 0]]
    together = plot(layout(before), layout(after, "two"), steps=True)
    assert (units(together, 0)[[0, 2]] == units(together, 1)[[0, 2]]).all()
    alone = plot(layout(before), layout(after, "two"))
    assert not (units(alone, 0)[0] == units(alone, 1)[0]).all()


@pytest.mark.parametrize("points", [np.ones((5, 2)), np.zeros((1, 3)), np.zeros((0, 2))])
def test_points_that_are_all_the_same_are_in_the_middle(points: np.ndarray[Any, Any]) -> None:
    np.testing.assert_allclose(units(plot(layout(points)), 0), np.full(points.shape, 0.5), atol=1e-4)


@pytest.mark.parametrize("count", [0, 1, 8, 13, 1000])
def test_a_mask_comes_back_bit_by_bit_and_no_other_length_is_taken(count: int) -> None:
    mask = np.random.default_rng(count).random(count) < 0.3
    data = packing.bits(mask)
    back = packing.mask_of(data, count)
    assert back is not None
    assert (back == mask).all()
    assert packing.mask_of(data + b"\0", count) is None


def test_an_array_is_cut_into_parts_that_no_proxy_refuses() -> None:
    data = np.random.default_rng(0).bytes(2 * packing.PART_BYTES + 7)
    parts = list(packing.Array.of("layout-0", data).parts("key"))
    assert max(map(len, parts)) < 8_000_000
    whole = b""
    for number, part in enumerate(parts):
        length = int.from_bytes(part[:4], "little")
        header = json.loads(part[4 : 4 + length])
        assert (header["number"], header["count"], header["key"]) == (number, 3, "key")
        whole += part[4 + length :]
    assert whole == data


def test_another_color_sends_no_point_again() -> None:
    first, second = (
        {array.name: array.digest for array in scene(blobs(200, color=color)).arrays} for color in ("classes", "length")
    )
    assert {name for name in first if first[name] != second[name]} == {"color"}


def test_a_hundred_thousand_points_in_two_layouts_take_a_few_megabytes_and_their_texts_stay_here() -> None:
    arrays = scene(blobs(100_000)).arrays
    assert "texts" not in {array.name for array in arrays}
    assert sum(len(array.data) for array in arrays) < 1_500_000


def test_five_hundred_labels_are_seven_and_the_rest_and_each_text_has_its_own() -> None:
    values = np.concatenate([np.repeat(np.arange(500), 2), np.repeat([7, 400], 50), [-1] * 3])
    names = [f"label {number}" for number in range(500)]
    colors = colored(Classes(values, names, "label", "unlabelled"), len(values))
    sizes = {entry.name: entry.count for entry in colors.entries}
    assert len(sizes) == 9
    assert sizes["label 7"] == sizes["label 400"] == 52
    assert sizes["unlabelled"] == 3
    assert sum(sizes.values()) == len(values)
    assert len({(entry.color, entry.shape) for entry in colors.entries}) == 9  # neither alone carries it
    for row in (14, 15, 1000, 1060, 1101):
        assert colors.entries[colors.codes[row]].name in (f"label {values[row]}", "unlabelled")


def test_more_columns_go_with_the_texts_each_cell_once() -> None:
    labels = {"source": ["a", "b", "a", NAMES[1]]}
    shown_plot = Plot("content", ["text"] * 4, (layout(np.zeros((4, 2))),), labels=labels)
    sent = {array.name: array.data for array in scene(shown_plot).arrays}
    assert json.loads(sent["labels"]) == {"source": {"cells": ["a", "b", NAMES[1]], "rows": [0, 1, 0, 2]}}


def test_numbers_go_from_end_to_end_of_the_scale_and_none_is_none() -> None:
    colors = colored(Numbers(np.array([-2.0, -1.0, 0.0, 1.0, 5.0, np.nan]), -1, 1, kind="cosine"), 6)
    assert list(colors.codes) == [0, 0, 127, 254, 254, NO_NUMBER]
    assert colors.table[127] == "#F7F7F7"  # 0 is white, as everywhere
    assert [text for _place, text in colors.ticks] == ["−1.00", "0.00", "1.00"]
    assert colors.none == 1
    assert list(colored(Numbers(np.array([3.0]), 3, 3), 1).codes) == [0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"color": Classes(np.zeros(2, dtype=int), ["a"])},
        {"selection": np.zeros(4, dtype=bool)},
        {"unsure": np.zeros(1)},
        {"shown": "elsewhere"},
    ],
)
def test_a_plot_whose_columns_do_not_fit_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"rows|layout"):
        plot(layout(np.zeros((3, 2))), **wrong)
    with pytest.raises(ValueError, match="finite"):
        plot(layout([[0, np.nan]]))


def test_what_a_browser_says_is_believed_as_far_as_it_can_be_true() -> None:
    mask = np.array([True, False, True])
    said = {"content": "c", "chosen": 2, "selection": base64.b64encode(packing.bits(mask)).decode(), "latest": "chosen"}
    touched = read({**said, "at": 5}, "c", 3)
    assert (touched.chosen, touched.latest, touched.at) == (2, "chosen", 5.0)
    assert touched.selection is not None
    assert (touched.selection == mask).all()
    for row in (3, -1, True, "1"):
        assert read({**said, "chosen": row, "at": 5}, "c", 3).chosen is None
    for bits in ("!", "ä", 7, "AAAA", None):
        assert read({**said, "selection": bits, "at": 5}, "c", 3).selection is None
    for other in (None, "x", {}, {**said, "at": 5, "content": "other"}, {**said, "at": 5, "latest": "x"}):
        assert read(other, "c", 3).latest == ""


class Elements(HTMLParser):
    """Collects elements, and what stands in those whose id is "data"."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.data = ""
        self._is_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self._is_data = dict(attrs).get("id") == "data"

    def handle_data(self, data: str) -> None:
        if self._is_data:
            self.data += data


def elements(page: str) -> Elements:
    parser = Elements()
    parser.feed(page)
    return parser


def hostile(count: int = 60) -> Plot:
    """A map on which everything that can have a name has one that tries to be more."""
    names = [NAMES[number % len(NAMES)] for number in range(count)]
    kinds = np.arange(count) % 5
    return Plot(
        "content",
        names,
        (layout(np.random.default_rng(0).random((count, 2))),),
        color=Classes(kinds, names[:5], names[1], names[2]),
        groups=kinds,
        group_names=tuple(names[5:10]),
        chosen=1,
        neighbours=((2, 0.5),),
        title=names[1],
    )


def test_the_page_that_is_given_away_holds_hostile_names_as_words() -> None:
    plain = plot(layout(np.zeros((60, 2))))
    page = to_html(hostile(), title=NAMES[1], language="en", words=words())
    page.encode("utf-8")
    got = elements(page)
    assert got.names == elements(to_html(plain, title="Title", language="en", words=words())).names
    data = json.loads(got.data)
    assert json.loads(base64.b64decode(data["arrays64"]["texts"])) == [shown(text) for text in hostile().texts]
    assert not any(UNSEEN.search(name) for name in data["groupNames"])


def test_an_svg_has_a_mark_with_its_text_for_each_point_and_hostile_names_are_words() -> None:
    root = ElementTree.fromstring(to_svg(hostile(), title=NAMES[1]))
    points = root.findall(f"{SVG}g/{SVG}path")
    assert sorted(str(point.findtext(f"{SVG}title")) for point in points) == sorted(map(shown, hostile().texts))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "rect", "text", "g", "path", "polyline", "circle",
    }  # fmt: skip
    assert root.findtext(f"{SVG}title") == shown(NAMES[1])


@pytest.mark.parametrize(
    "options", [{"third": True, "color": "length"}, {"steps": True, "color": "many"}, {"found": True}]
)
def test_whatever_a_map_shows_its_svg_is_one_and_stays_on_its_paper(options: dict[str, Any]) -> None:
    root = ElementTree.fromstring(to_svg(blobs(150, **options), title="Title"))
    for path in root.findall(f"{SVG}g/{SVG}path"):
        x, y = map(float, path.attrib["transform"].removeprefix("translate(").removesuffix(")").split())
        assert 0 < x < svg.WIDTH
        assert 0 < y < svg.HEIGHT


def test_names_in_an_svg_do_not_lie_over_each_other() -> None:
    root = ElementTree.fromstring(to_svg(blobs(400), title="Title"))
    names = [text for text in root.iter(f"{SVG}text") if text.get("font-weight") == "650"]
    assert 4 <= len(names) <= 2 * GROUPS
    boxes = [(float(text.attrib["x"]), float(text.attrib["y"])) for text in names]
    for number, (x, y) in enumerate(boxes):
        for other_x, other_y in boxes[:number]:
            assert abs(x - other_x) > 20 or abs(y - other_y) > 13


def test_too_many_points_for_an_svg_are_refused_in_words() -> None:
    many = svg.MOST_POINTS + 1
    with pytest.raises(InputError, match="limit"):
        to_svg(plot(layout(np.zeros((many, 2)))), title="Title")

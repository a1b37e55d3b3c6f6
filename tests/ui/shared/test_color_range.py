import numpy as np
import pytest

from simcse_core.meaning.similarity import CROWDED_FROM, Background
from ui.shared import color_range
from ui.shared.colors import PUOR
from ui.shared.matrix.view import to_html

WHITE, DEEPEST = PUOR[5], PUOR[-1]


def color_at(cosine: float, unrelated: float) -> str:
    table = color_range.from_unrelated(unrelated).for_browser()["table"]
    assert isinstance(table, list)
    return str(table[round((cosine + 1) * 127)])


@pytest.mark.parametrize(
    ("unrelated", "crowded"),
    [(None, False), (-0.1, False), (CROWDED_FROM - 0.01, False), (CROWDED_FROM, True), (0.93, True), (1.0, False)],
)
def test_a_picture_needs_its_own_scale_where_unrelated_sentences_are_close(
    unrelated: float | None, crowded: bool
) -> None:
    assert color_range.is_crowded(unrelated) is crowded


def test_a_background_is_crowded_by_its_middle() -> None:
    assert Background(np.array([0.2, 0.6, 0.7], dtype=np.float32)).is_crowded
    assert not Background(np.array([0.2, 0.3, 1.0], dtype=np.float32)).is_crowded


def test_white_is_the_middle_of_unrelated_pairs_and_full_purple_is_1() -> None:
    assert color_at(109 / 127, unrelated=109 / 127) == WHITE  # a cosine that is one of the browser's 255
    assert color_at(1, unrelated=109 / 127) == DEEPEST
    red, _green, blue = (int(color_at(0.75, unrelated=109 / 127)[place : place + 2], 16) for place in (1, 3, 5))
    assert red > blue  # less close than unrelated pairs is orange
    assert color_range.from_unrelated(-0.02) == color_range.from_unrelated(0)


def test_the_legend_says_in_words_what_white_is() -> None:
    scale = color_range.from_unrelated(0.85)
    assert [scale.name(tick) for tick in scale.ticks] == ["0.7", "0.85 unrelated", "1"]
    identity = np.eye(2, dtype=np.float32)
    assert "0.85 unrelated" in to_html(identity, ["a", "b"], title="", words={"table": ""}, language="en", colors=scale)
    assert "No colour is 0.85" in color_range.in_words(scale)


@pytest.mark.parametrize("unrelated", [0.999, 0.99999, 1.0])
def test_a_scale_without_room_has_numbers_that_differ(unrelated: float) -> None:
    scale = color_range.from_unrelated(unrelated)
    assert len({scale.name(tick) for tick in scale.ticks}) == 3


def test_pictures_side_by_side_have_scales_of_one_meaning() -> None:
    fixed = color_range.side_by_side([0.02, 0.4, None])
    assert [(scale.low, scale.white) for scale in fixed] == [(-1, "")] * 3
    low = [scale.low for scale in color_range.side_by_side([0.9, 0.1, None])]
    assert low == pytest.approx([0.8, -0.8, -1])

"""What labels are called on the screen."""

import pytest

from simcse_core.data import bundled
from simcse_core.data.kinds import Labelled
from ui.frame import translation
from ui.shared import names


def test_labels_have_words_in_the_place_of_underscores_and_their_values_stay() -> None:
    assert names.label_name("book_room") == "book room"
    assert names.label_name("my_own_label") == "my own label"
    assert names.label_name("_") == "_"


def test_bundled_english_labels_have_chinese_names_on_chinese_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = (bundled.load(name) for name in bundled.names())
    labels = {label for data in sets if isinstance(data, Labelled) for label in data.label}
    assert {label for label in labels if label.isascii()} == set(names.LABELS)
    monkeypatch.setattr(translation, "language", lambda: "zh_CN")
    for label in names.LABELS:
        assert not names.label_name(label).isascii()
    assert names.label_name("book_room", is_bundled=False) == "book room"
    assert names.label_name("my_own_label") == "my own label"

"""What somebody does to the texts of a map: selections, texts left out, labels; each step has a way back."""

import csv
import json
from io import StringIO

import numpy as np

from ui.map import actions
from ui.map.marks import Marks, OwnLabels
from ui.map.source import MapTexts

TEXTS = MapTexts.of("t", ("a", "b", "b", "=1+1", "e"), {"label": ("x", "", "", "y", ""), "n": tuple("12345")})


def test_what_is_left_out_is_not_selected_and_comes_back_step_by_step() -> None:
    marks = Marks(5)
    marks.select([1, 3])
    marks.chosen = 3
    marks.leave_out()
    assert marks.selection is None
    assert marks.chosen is None
    marks.select(np.array([False, True, True, False, False]))
    assert marks.selected.tolist() == [2]
    marks.leave_out()
    assert marks.hidden.tolist() == [False, True, True, True, False]
    marks.undo()
    assert marks.hidden.tolist() == [False, True, False, True, False]
    marks.undo()
    marks.undo()
    assert not marks.hidden.any()


def test_an_empty_selection_is_none() -> None:
    marks = Marks(3)
    marks.select([])
    assert marks.selection is None
    marks.leave_out()
    assert marks.left_out == []


def test_equal_texts_share_a_label_that_replaces_the_one_they_came_with() -> None:
    labels = OwnLabels()
    assert labels.of(TEXTS) == ("x", "", "", "y", "")
    labels.give(["b", "=1+1"], "z")
    labels.give(["b"], "w")
    assert labels.of(TEXTS) == ("x", "w", "w", "z", "")
    labels.undo()
    assert labels.of(TEXTS) == ("x", "z", "z", "z", "")
    labels.undo()
    labels.undo()
    assert labels.of(TEXTS) == ("x", "", "", "y", "")
    assert OwnLabels().of(MapTexts.of("t", tuple("abcd"))) is None


def test_the_selected_texts_are_a_table_without_formulas_and_a_file_for_other_pages_letter_for_letter() -> None:
    marks, labels = Marks(5), OwnLabels()
    marks.select([1, 3])
    labels.give(["=1+1"], "=danger")
    rows = list(csv.reader(StringIO(actions.csv(TEXTS, marks, labels))))
    assert rows == [["text", "label", "n"], ["b", "", "2"], ["'=1+1", "'=danger", "4"]]
    records = [json.loads(line) for line in actions.as_file(TEXTS, labels).content.splitlines()]
    assert records == [{"text": "a", "label": "x"}, {"text": "=1+1", "label": "=danger"}]
    everything = actions.as_file(TEXTS, labels, all_texts=True).content.splitlines()
    assert json.loads(everything[1]) == {"text": "b", "label": ""}

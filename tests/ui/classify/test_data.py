"""Data of a user's own on the page Classify: pasted rows, several labels in a cell, and the corrections of labels."""

import pytest

from simcse_core.data.kinds import Labelled
from simcse_core.data.readers import data_from_bytes
from ui.classify.corrections import Corrections
from ui.classify.data import as_file, separator_of, split_labels


@pytest.mark.parametrize(
    "pasted",
    [
        "Where is my card?\tlost\nSend 5, please\tmoney",
        'text,label\nWhere is my card?,lost\n"Send 5, please",money',
        "Where is my card?,lost\nSend 5, please,money",
    ],
)
def test_pasted_rows_are_a_table_whatever_stands_between_text_and_label(pasted: str) -> None:
    file = as_file(pasted, "pasted rows")
    data = data_from_bytes(file.content, file.name)
    assert isinstance(data, Labelled)
    assert data.text == ("Where is my card?", "Send 5, please")
    assert data.label == ("lost", "money")


@pytest.mark.parametrize(
    ("labels", "separator"),
    [
        (("card", "loan", "card"), ""),
        (("card; urgent", "card", "urgent", "card;urgent"), ";"),
        (("['card', 'urgent']", "['card']", "['urgent']"), ","),
        (("Berlin, Germany", "Paris, France", "Rome, Italy"), ""),
    ],
)
def test_several_labels_in_a_cell_are_recognised_when_their_parts_come_back(
    labels: tuple[str, ...], separator: str
) -> None:
    assert separator_of(labels) == separator
    if separator:
        assert split_labels(labels, separator)[0] == ("card", "urgent")


def test_corrections_count_until_they_are_learned_and_can_be_taken_back() -> None:
    mine = Corrections()
    mine.correct(3, "loan", "card")
    mine.correct(5, "card", "loan")
    mine.correct(5, "loan", "loan")  # as it was
    assert mine.labels == {3: "loan"}
    assert mine.pending == 1
    mine.apply()
    assert mine.pending == 0
    mine.undo()
    assert mine.pending == 1, "the result still has it"
    mine.apply()
    assert mine.applied == {}

"""A labelling session takes in what the browser reports, in order and each thing once."""

from simcse_core.data.readers import data_from_bytes
from simcse_core.meaning.intervals import Interval
from ui.classify.own_texts import OwnTexts, of_file
from ui.classify.proposing import Proposed
from ui.classify.session import LabellingSession

TEXTS = tuple(f"text number {number}" for number in range(12))
UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


def session() -> LabellingSession:
    return LabellingSession(TEXTS, ("card", "loan"))


def test_labels_skips_and_undo_are_taken_in_once_and_in_order() -> None:
    mine = session()
    first = [[1, "label", 4, 0], [2, "skip", 7, None], [3, "label", 2, 1]]
    assert mine.apply(first)
    assert not mine.apply(first), "the browser reports until it is told that all was seen"
    assert mine.labels == {4: "card", 2: "loan"}
    assert mine.state.skipped == (7,)
    assert mine.apply([*first, [4, "undo", 2, None]])
    assert mine.labels == {4: "card"}
    assert mine.queue[0] == 2, "what was taken back is asked again at once"


def test_what_is_no_event_changes_nothing() -> None:
    mine = session()
    for events in (None, "label", [1], [[1, "label", 99, 0]], [[1, "label", 3, 9]], [["1", "label", 3, 0]]):
        mine.apply(events)
    assert mine.labels == {}


def test_a_proposal_never_replaces_the_text_that_is_being_read() -> None:
    mine = session()
    mine.take(Proposed(0, (5, 6, 7), UNKNOWN, 0))
    mine.apply([[1, "label", 5, 0]])
    mine.take(Proposed(1, (9, 6, 5), Interval(0.5, 0.2, 0.8), 4))
    assert mine.queue == [6, 9]
    assert mine.accuracies == {1: Interval(0.5, 0.2, 0.8)}


def test_who_is_faster_than_the_proposals_goes_on_by_lot() -> None:
    mine = session()
    mine.apply([[1, "label", 11, 0]])
    mine.fill([11, 3, 8, 1, 0])
    assert mine.queue == [3, 8, 1]
    mine.fill([11, 3, 8, 1, 0])
    assert mine.queue == [3, 8, 1]


def test_the_saved_labels_are_training_data_and_the_saved_progress_goes_on() -> None:
    mine = LabellingSession(("=1+1", 'He said "no", twice', *TEXTS), ("card", "loan"))
    mine.apply([[1, "label", 1, 0], [2, "label", 0, 1]])
    labelled = data_from_bytes(mine.to_csv().encode(), "labelled.csv")
    assert len(labelled) == 2
    from simcse_core.data.files import File

    restored = of_file(File("labelling.csv", mine.progress_csv().encode()), "token")
    assert restored.labels[:3] == ("card", "loan", "")
    assert restored.texts[0] == 'He said "no", twice'
    assert isinstance(restored, OwnTexts)
    assert len(restored.texts) == len(mine.texts)

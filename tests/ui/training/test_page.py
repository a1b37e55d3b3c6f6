"""The page Training without a browser and without a training: runs are written by the tests."""

import math
import re
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from simcse_core.data import bundled
from simcse_core.data.kinds import Dataset
from simcse_core.data.lint import Finding, lint
from simcse_core.errors import DataError, OptionError
from simcse_core.learning.losses import losses
from simcse_core.learning.notes import NOTES
from simcse_core.learning.records import Finished, Note, Record, State, Step
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.items import Items
from simcse_core.runs import queue, race, store
from simcse_core.runs.config import RunConfig, Stage
from simcse_core.runs.queue import Place
from simcse_core.runs.race import Outcome
from simcse_core.runs.run import Run
from tests.ui import races
from tests.ui.races import ME
from ui.frame import operators, users
from ui.frame.page import PAGES
from ui.shared import background, cache, colors
from ui.shared.data_choice import ChosenData
from ui.shared.names import duration
from ui.shared.races import chain, figures, progress, tracks
from ui.shared.races import words as race_words
from ui.training import class_wait, comparison, my_races
from ui.training import data as race_data
from ui.training import race as training_race

VIEW = figures.View("texts", "mean_average_precision")
ROOT = Path(__file__).parent.parent.parent.parent

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def nobody_carries_them_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ensure_supervisor", lambda **_options: None)
    monkeypatch.setattr(users, "current", lambda: ME)
    monkeypatch.setattr(users, "remember", lambda: None)
    my_races.races_of.clear()  # kept for seconds, and tests are faster


def open_training(language: str = "en", **parameters: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(PAGES["training"].path)
    for name, value in {"language": language, **parameters}.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    elements = [*page.markdown, *page.caption, *page.error, *page.warning, *page.info, *page.header]
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


def bars(page: AppTest) -> str:
    return "\n".join(str(bar.proto.text) for bar in page.get("progress"))


def race_of(page: AppTest) -> str:
    value = page.query_params["race"]
    return value if isinstance(value, str) else value[0]


@pytest.mark.parametrize(("language", "rows"), [("en", 2 + 3), ("zh_CN", 3 + 3)])  # the Chinese one has a start too
def test_a_finished_race_and_a_button_for_another_one_are_there_at_once(language: str, rows: int) -> None:
    page = open_training(language)
    assert page.table[0].value.shape[0] == rows
    assert not page.error
    assert page.button(key="start-race").disabled is False


def test_the_button_starts_a_run_for_each_loss_and_seed_for_whoever_pressed_it() -> None:
    page = open_training(**{"race-model": "use-multilingual"})
    page.button_group(key="race-losses-labelled").set_value(["bce", "center"]).run()
    page.button_group(key="race-seeds").set_value(3).run()
    page.button(key="start-race").click().run()
    assert not page.exception
    runs = race.runs(race_of(page))
    assert [(run.config.settings.loss, run.config.settings.seed) for run in runs] == [
        (loss, seed) for seed in (0, 1, 2) for loss in ("bce", "center")
    ]
    assert {run.about.owners for run in runs} == {(ME,)}
    assert "seeds 0, 1, 2" in words(page)


def test_a_training_by_itself_keeps_its_best_weights_and_a_race_the_last_ones() -> None:
    page = open_training(**{"race-model": "use-multilingual"})
    page.button_group(key="race-losses-labelled").set_value(["center"]).run()
    page.button_group(key="race-seeds").set_value(1).run()
    page.number_input(key="race-patience").set_value(3).run()
    page.button(key="start-race").click().run()
    (alone,) = race.runs(race_of(page))
    assert (alone.config.settings.keep, alone.config.settings.patience) == ("best", 3)
    page.button_group(key="race-seeds").set_value(3).run()  # the same loss with several seeds is a race too
    page.button(key="start-race").click().run()
    assert {run.config.settings.keep for run in race.runs(race_of(page))} == {"last"}
    page.button_group(key="race-losses-labelled").set_value(["bce", "center"]).run()
    page.button(key="start-race").click().run()
    assert {run.config.settings.keep for run in race.runs(race_of(page))} == {"last"}


def test_a_second_tab_that_starts_the_same_race_shows_the_same_race() -> None:
    first, second = (open_training(**{"race-model": "use-multilingual"}) for _tab in range(2))
    for tab in (first, second):
        tab.button(key="start-race").click().run()
    assert race_of(first) == race_of(second)
    assert len(list(store.all_runs())) == len(race.runs(race_of(first)))


def test_a_running_race_says_how_far_each_loss_is_and_can_be_cancelled_and_taken_up_again() -> None:
    runs = races.start()
    races.learn(runs[0], to=4)
    page = open_training(race=races.id_of(runs))
    assert "**bce** · epoch 2, 2 s left" in bars(page)
    assert "**supcon** · waiting" in bars(page)
    assert "0 of 2 runs finished · about 6 s left" in words(page)
    page.button(key=f"cancel-{races.id_of(runs)}").click().run()
    assert runs[0].cancel_asked  # its process stops by itself
    assert runs[1].status.state == State.CANCELLED
    runs[0].set_status(State.CANCELLED)
    page.run()
    page.button(key=f"resume-{races.id_of(runs)}").click().run()
    assert not page.error
    assert [run.status.state for run in runs] == ["queued", "queued"]


def test_somebody_else_s_race_can_be_watched_but_not_cancelled() -> None:
    runs = races.start(user="b" * 32)
    page = open_training(race=races.id_of(runs))
    assert [button.key for button in page.button if "cancel" in str(button.key)] == []
    assert "somebody else's race" in words(page)


def test_a_finished_race_has_a_verdict_and_the_model_one_click_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "embeddings", lambda texts, _settings: np.eye(len(texts), dtype=np.float32))
    runs = races.start()
    races.finish(runs[0], right=0.9)
    races.finish(runs[1], right=0.4)
    page = open_training(race=races.id_of(runs))
    assert "With this one seed **bce** did better than the start of the training" in words(page)
    assert "One seed names no winner among the losses" in words(page)
    assert list(page.table[0].value["loss"]) == ["the start of the training", "bce", "supcon"]
    links = [link.proto for link in page.get("page_link")]
    used = [link for link in links if f"model={runs[0].id}" in link.query_string]
    assert {link.page for link in used} >= {"similarity", "map"}


def test_what_has_finished_is_compared_while_the_others_wait_and_those_are_named() -> None:
    runs = races.start(("bce", "supcon", "triplet"))
    races.finish(runs[0], right=0.9)
    races.finish(runs[1], right=0.4)
    page = open_training(race=races.id_of(runs))
    assert page.table[0].value.shape[0] == 3
    assert "Not finished, so counted in part or not at all: triplet" in words(page)


def test_a_failed_run_says_why_in_the_language_of_the_page_and_offers_another_try() -> None:
    runs = races.start(("bce",))
    runs[0].set_status(
        State.FAILED, OptionError("Unknown loss {given!r}. Choose one of: {choices}.", given="x", choices="y")
    )
    english, chinese = (words(open_training(language, race=races.id_of(runs))) for language in ("en", "zh_CN"))
    assert "Unknown loss 'x'" in english
    assert "'x'" in chinese
    assert "Unknown loss" not in chinese
    assert open_training(race=races.id_of(runs)).button(key=f"resume-{races.id_of(runs)}").label == "Try again"


def test_a_bug_in_a_run_is_named_as_one() -> None:
    runs = races.start(("bce",))
    runs[0].set_status(State.FAILED, "ZeroDivisionError: division by zero")
    assert "This is a bug" in words(open_training(race=races.id_of(runs)))


def test_a_race_that_is_gone_is_said_once_and_another_one_can_be_started() -> None:
    page = open_training(race="nothing")
    assert len(page.error) == 1
    assert "There is no race" in page.error[0].value.replace("\\", "")
    assert not page.button(key="start-race").disabled


def test_a_race_is_found_again_without_its_address() -> None:
    runs = races.start()
    links = [link.proto for link in open_training().get("page_link")]
    mine = [link for link in links if f"race={races.id_of(runs)}" in link.query_string]
    (label,) = (link.label.replace("\\", "") for link in mine)
    data = re.escape("bce, supcon · Library desk: what a reader wants (labels) · EN · USE multilingual v3")
    assert re.fullmatch(rf"{data} · \d\d-\d\d \d\d:\d\d · waiting", label)


def test_a_race_on_a_file_of_ones_own_is_told_apart_by_its_name_which_nobody_else_sees(tmp_path: Path) -> None:
    run = upload_of(ME, tmp_path)[0]
    run.remember_file("tickets.csv", ME)
    assert run.title_for(ME) == "bce · tickets.csv"
    assert run.title_for("b" * 32) == run.title_for(None) == "bce"
    assert my_races.races_of(ME)[0].title.startswith("bce · tickets.csv · ")


def test_a_short_race_is_two_losses_and_one_seed_that_names_no_winner() -> None:
    page = open_training(**{"race-length": "short"})
    assert page.button_group(key="race-losses-labelled-short").value == ["bce", "cross_entropy"]
    assert page.button_group(key="race-seeds-short").value == 1
    assert "Too few seeds to name a winner." in words(page)
    page.button(key="start-race").click().run()
    configs = [run.config for run in race.runs(race_of(page))]
    assert {(config.layer, config.settings.tune, config.settings.seed) for config in configs} == {(3, "top:1", 0)}


@pytest.mark.parametrize(
    ("people", "here", "workers", "said"),
    [
        (30, False, 1, "30 of you with one worker: the last waits about 10 min."),
        (12, True, 2, "12 people are here and share 2 workers: if all start this, the last waits about 10 min."),
    ],
)
def test_a_class_is_told_how_long_the_last_one_waits(people: int, here: bool, workers: int, said: str) -> None:
    assert class_wait.in_words(people, here=here, workers=workers, seconds=600.0) == said


def test_before_the_first_point_a_race_says_what_it_waits_for_and_how_long() -> None:
    runs = races.start(("bce",), expected=7.0)
    page = open_training(race=races.id_of(runs))
    assert "about 7 s left" in words(page)
    runs[0].set_status(State.RUNNING)
    assert "**bce** · loading the model …" in bars(open_training(race=races.id_of(runs)))
    assert "No result yet" in words(page)


def test_the_linter_is_open_where_an_address_asks_for_it() -> None:
    opened = [one.proto.expanded for one in open_training(look="linter").expander if one.label.startswith("Good")]
    assert opened == [True]


def test_what_a_classifier_s_user_gets_comes_first_once_it_is_measured() -> None:
    runs = races.start()
    races.learn(runs[0], to=4)
    shown = training_race.opened(races.id_of(runs))
    assert figures.metrics_of(shown.race)[0] == "mean_average_precision"
    for run, after in zip(runs, (4, 0), strict=True):
        races.finish(run, right=0.9, after=after)
    shown = training_race.opened(races.id_of(runs))
    assert figures.metrics_of(shown.race)[0] == "logistic_accuracy"
    view = figures.View("texts", "logistic_accuracy")
    chart = figures.held_out_chart(shown.race, [tracks.track(one) for one in shown.race], view, {})
    assert [x for x, _y in chart.lines[0].points] == [0, races.TEXTS * races.STEPS]
    assert chart.lines[-1].name == "the start of the training"


def test_the_paths_of_a_race_are_explained_as_they_are() -> None:
    runs = races.start()
    for run in runs:
        races.finish(run, right=0.9)
    page = open_training(race=races.id_of(runs))
    assert "bce and supcon: down and to the left, so matches came closer and texts spread more evenly." in words(page)


def test_texts_without_labels_can_be_learned_from_and_are_measured_on_other_data() -> None:
    page = open_training(**{"training-data": "texts-en", "race-start": "new"})
    assert set(page.button_group(key="race-losses-texts").options) >= {"simcse", "mlm"}
    assert "How similar, 0 to 5 (scored pairs) · EN" in words(page)
    page.button_group(key="race-losses-texts").set_value(["mlm"]).run()
    page.button(key="start-race").click().run()
    config = race.runs(race_of(page))[0].config
    assert (config.data, config.dev, config.model, config.settings.tune) == (
        "texts-en",
        "scored-en",
        "scratch-tiny",
        "all",
    )


def test_a_training_on_a_finished_run_shows_the_chain_that_leads_to_it() -> None:
    stages = (
        Stage(run="1", loss="mlm", data="texts-en", started_from="scratch-tiny"),
        Stage(run="2", loss="bce", data="intents-en", started_from="1"),
    )
    kinds = chain.training_kinds([*(stage.loss for stage in stages), "triplet"])
    assert kinds == ["pre-training", "fine-tuning", "further fine-tuning"]


def test_an_estimate_is_told_before_the_start_and_handed_to_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float | None] = []
    started = races.id_of(races.start())

    def submit(_worker: str, content: str, *_work: Any) -> "Future[float]":
        future: Future[float] = Future()
        future.set_result(10.0 if content.endswith("bce") else 14.0)
        return future

    def start(*_arguments: Any, expected: float | None, **_named: Any) -> str:
        given.append(expected)
        return started

    monkeypatch.setattr(background, "submit", submit)
    monkeypatch.setattr("ui.training.estimates.QUIET_SECONDS", 0.0)
    page = open_training()
    page.button_group(key="race-losses-labelled").set_value(["bce", "triplet"]).run()
    page.run()
    assert "6 runs: 2 losses with 3 seeds each. About 12 s a run, 72 s in all" in words(page)
    monkeypatch.setattr(race, "start", start)
    page.button(key="start-race").click().run()
    assert given == [12.0]


def test_what_cannot_be_trained_is_said_before_the_start_and_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: Future[float] = Future()
    refused.set_exception(DataError("{file} has only texts: nothing.", file="x.txt"))
    monkeypatch.setattr(background, "submit", lambda *_all: refused)
    monkeypatch.setattr("ui.training.estimates.QUIET_SECONDS", 0.0)
    page = open_training()
    page.run()
    assert "x.txt has only texts" in words(page)
    page.button(key="start-race").click().run()
    assert [error.value.replace("\\", "") for error in page.error] == ["x.txt has only texts: nothing."]
    assert list(store.all_runs()) == []


def test_a_race_that_would_take_longer_than_a_run_may_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_RUN_MINUTES", "1")
    config = RunConfig(data="intents-en", model="use-multilingual", settings=TrainingSettings(tune="head"))
    with pytest.raises(OptionError, match="61 seconds are longer than a run may take here: 1 minutes"):
        race.start(config, ["bce"], expected=61.0)
    long = config.model_copy(update={"settings": config.settings.model_copy(update={"seconds": 90.0})})
    with pytest.raises(OptionError, match="SIMCSE_MAX_RUN_MINUTES"):
        race.start(long, ["bce"])
    assert list(store.all_runs()) == []


def outcome(
    state: State = State.RUNNING, *, loss: str = "bce", seed: int = 0, records: Any = (), place: Any = None
) -> Outcome:
    return Outcome(loss, seed, f"{loss} {seed} {time.time_ns()}", state, "", list(records), None, place)


def steps(count: int, *, planned: int = 8) -> list[Record]:
    return [
        Step(step=at, steps=planned, epoch=-(-at // 2), loss=1.0, texts_per_second=64.0, seconds=at / 2)
        for at in range(1, count + 1)
    ]


def test_every_epoch_is_announced_once_whatever_is_looked_at_in_between() -> None:
    runs = races.start(("bce",))
    said: list[str] = []
    for step in range(races.STEPS):
        races.learn(runs[0], to=step + 1, after=step)
        for _look in range(2):
            said += race_words.announcements(race.outcomes(races.id_of(runs)), 4).values()
    assert list(dict.fromkeys(said)) == [
        f"Epoch {epoch} of 4: bce, mean average precision {0.1 + 0.1 * epoch:.2f}" for epoch in (1, 2, 3, 4)
    ]


def test_without_held_out_data_the_loss_is_announced() -> None:
    said = race_words.announcements([outcome(records=steps(3))], None)
    assert list(said.values()) == ["Epoch 1: bce, loss 1.000"]


def test_losses_are_compared_at_equal_sentences_as_the_records_tell_them() -> None:
    runs = races.start(("bce",))
    races.finish(runs[0], right=0.9)
    moments = tracks.track(race.outcomes(races.id_of(runs))[0]).moments
    assert [at.texts for at in moments] == [0, *(races.TEXTS * step for step in (2, 4, 6, 8))]
    assert [at.seconds for at in moments] == [0, 1, 2, 3, 4]


def test_a_mean_over_seeds_appears_when_two_have_finished_and_counts_only_those() -> None:
    runs = races.start(("bce",), seeds=(0, 1, 2))
    races.finish(runs[0], right=0.9)
    races.learn(runs[1], to=4)

    def lines() -> dict[str, Any]:
        found = race.outcomes(races.id_of(runs))
        every = [tracks.track(one) for one in found]
        chart = figures.held_out_chart(found, every, VIEW, {})
        return {line.name: line for line in chart.lines}

    assert [line.thin for line in lines().values() if line.group == "bce"] == [True] * 3
    races.finish(runs[1], right=0.8, after=4)
    mean = lines()["bce, mean of 2 seeds"]
    assert not mean.thin
    assert mean.points[-1] == pytest.approx((races.TEXTS * 8, 0.5))


def test_a_long_curve_stays_short_and_true_and_its_records_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Record] = []
    add = tracks.Track.add

    def counted(track: tracks.Track, record: Record) -> None:
        looked_at.append(record)
        add(track, record)

    monkeypatch.setattr(tracks.Track, "add", counted)
    long = outcome(records=steps(50_000, planned=100_000))
    first = tracks.track(long)
    places = first.steps.means()
    assert len(places) <= tracks.PLACES
    assert places[0][1] == pytest.approx(
        math.fsum(at / 2 for at in range(1, first.steps.width + 1)) / first.steps.width
    )
    for _look in range(3):
        assert tracks.track(long) is first
    assert len(looked_at) == 50_000


def test_a_resumed_run_that_replaced_records_is_read_anew() -> None:
    track = tracks.Track()
    track.read(steps(6))
    replaced = [*steps(4), steps(5)[-1].model_copy(update={"loss": 9.0})]
    assert not track.goes_on_with(replaced)
    assert track.goes_on_with([*steps(6), steps(7)[-1]])


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place(3, 75.0), "place 3 in the queue, starts in about 75 s"),
        (Place(2, None), "place 2 in the queue"),
        (Place(1, 0.0), "the next run is starting"),
    ],
)
def test_who_waits_is_told_where_and_how_long(place: Place, said: str) -> None:
    assert said in progress.place_in_words(place)


def test_the_time_left_counts_the_runs_that_wait() -> None:
    done = outcome(State.FINISHED, records=[*steps(8), Finished(seconds=4.0)])
    half = outcome(State.RUNNING, loss="triplet", records=steps(4))
    waiting = outcome(State.QUEUED, loss="cosent")
    assert progress.seconds_left([done, half, waiting]) == pytest.approx(2.0 + 4.0)
    assert progress.seconds_left([done]) is None
    assert progress.seconds_left([waiting]) is None


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (99, "99 s"), (150, "2 min"), (7_260, "2 h 1 min")])
def test_times_are_told_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_data_are_split_and_checked_once_and_a_refusal_is_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def look(data: Dataset, **named: Any) -> list[Finding]:
        looked.append(data.name)
        return lint(data, **named)

    monkeypatch.setattr(race_data, "lint", look)
    race_data.prepared_once.clear()
    pairs = ChosenData(bundled.load("pairs-en"), "pairs-en")
    for _rerun in range(3):
        prepared = race_data.prepare(pairs, race_data.HeldOut(), "triplets", seed=0, batch_size=32)
    assert len(looked) == 1
    assert prepared.sides.converted is not None
    assert type(prepared.train).__name__ == "Triplets"
    assert prepared.dev is not None
    assert type(prepared.dev).__name__ == "Pairs"
    alone = ChosenData(bundled.load("intents-en").take([0, 1, 2]), "alone")
    for _rerun in range(2):
        with pytest.raises(DataError):
            race_data.prepare(alone, race_data.HeldOut(), None, seed=0, batch_size=32)
    assert len(looked) == 1


def test_pre_training_has_a_colour_of_its_own() -> None:
    looks = {(colors.of_loss(name), colors.symbol_of_loss(name)) for name in [*losses.names(), "mlm"]}
    assert len(looks) == len(losses.names()) + 1
    with pytest.raises(OptionError):
        colors.of_loss("nothing")


def test_a_race_is_described_by_all_its_seeds() -> None:
    config = RunConfig(data="intents-en", model="minilm", layer=3)
    assert race_words.describe(config, [0, 1, 2]).endswith("seeds 0, 1, 2")
    assert race_words.describe(config).endswith("seed 0")


def test_the_model_as_it_comes_is_a_level_line_beside_the_curves() -> None:
    runs = races.start(("bce",))
    races.finish(runs[0], right=0.9)
    found = race.outcomes(races.id_of(runs))
    tracked = [tracks.track(one) for one in found]
    had = {"as_it_comes": Items({"mean_average_precision": [0.4, 0.6]})}
    chart = figures.held_out_chart(found, tracked, VIEW, had)
    line = next(line for line in chart.lines if line.name == "the model as it comes")
    assert line.points == [(0.0, 0.5), (races.TEXTS * races.STEPS, 0.5)]


def test_three_seeds_are_the_default_and_fewer_say_that_they_name_no_winner() -> None:
    page = open_training()
    assert page.button_group(key="race-seeds").value == 3
    assert "no winner is named" not in words(page)
    page.button_group(key="race-seeds").set_value(1).run()
    assert "One seed is one draw of chance: no winner is named." in words(page)


def test_what_is_held_out_is_said_and_can_be_changed() -> None:
    page = open_training(**{"race-model": "use-multilingual"})
    assert "144 of 240 rows are learned from, 96 are held out to measure (40%)." in words(page)
    page.select_slider(key="race-dev-share-labelled").set_value(0.2).run()
    assert "are held out to measure (20%)." in words(page)
    page.button(key="start-race").click().run()
    assert race.runs(race_of(page))[0].config.dev_share == 0.2


def test_nothing_may_be_held_out() -> None:
    page = open_training(**{"race-model": "use-multilingual", "training-dev-rows": "nothing"})
    assert "All 240 rows are learned from; nothing is held out, so nothing is measured." in words(page)
    page.button(key="start-race").click().run()
    assert race.runs(race_of(page))[0].config.dev == "none"


def test_losses_of_a_race_are_planned_for_equally_many_sentences() -> None:
    page = open_training(**{"race-model": "use-multilingual"})
    page.button_group(key="race-losses-labelled").set_value(["bce", "center"]).run()
    page.button(key="start-race").click().run()
    epochs = int(page.number_input(key="race-epochs-frozen").value or 0)
    assert epochs > 0
    assert {run.config.settings.sentences for run in race.runs(race_of(page))} == {epochs * 144}
    assert f"sentences: {epochs * 144:,} each" in words(page)


def test_after_a_race_the_final_model_can_be_trained_on_all_rows() -> None:
    runs = races.start(("bce", "supcon"))
    for run, right in zip(runs, (0.9, 0.5), strict=True):
        races.finish(run, right)
    page = open_training(race=races.id_of(runs))
    key = runs[0].id
    assert page.button_group(key=f"final-loss-{key}").value == "bce"  # the one that is ahead
    page.button(key=f"final-{key}").click().run()
    assert not page.exception
    (final,) = race.runs(race_of(page))
    assert (final.config.settings.loss, final.config.dev, final.config.settings.keep) == ("bce", "none", "last")


def test_a_start_below_the_last_layer_says_what_it_is_for() -> None:
    settings = TrainingSettings(epochs=1, tune="head")
    config = RunConfig(data="intents-en", model="minilm", layer=3, settings=settings)
    page = open_training(race=race.start(config, ["bce"], user=ME))
    assert "It starts from layer 3 of 6, below what the model can do as it comes" in words(page)


def test_nobody_trains_on_data_that_somebody_else_has_brought(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("text,label\n" + "\n".join(f"text {at},{'ab'[at % 2]}" for at in range(40)), encoding="utf-8")
    config = RunConfig(data=str(file), model="use-multilingual", settings=TrainingSettings(epochs=1, tune="head"))
    for owner, offered in ((ME, True), ("b" * 32, False)):
        run = race.runs(race.start(config.model_copy(update={"data_seed": int(offered)}), ["bce"], user=owner))[0]
        races.finish(run, right=0.9)
        page = open_training(race=race.races_of(run.id)[0])
        assert any(button.key == f"final-{run.id}" for button in page.button) == offered


def upload_of(user: str, tmp_path: Path) -> list[Run]:
    """A finished race on an upload of somebody."""
    rows = "".join(f"private sentence {number},{'ab'[number % 2]}\n" for number in range(60))
    path = store.keep_data(f"text,label\n{rows}".encode(), "mine.csv")
    config = RunConfig(data=str(path), model="use-multilingual", settings=TrainingSettings(tune="head", epochs=4))
    runs = race.runs(race.start(config, ["bce"], user=user))
    races.finish(runs[0], right=0.9)
    return runs


@pytest.mark.parametrize(("owner", "shown"), [(ME, True), ("b" * 32, False)])
def test_held_out_texts_of_an_upload_are_shown_to_its_owner_only(
    owner: str, shown: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[str] = []

    def typing_area(_label: str, *, default: str, **_how: object) -> str:
        offered.append(default)
        return "one\ntwo"

    monkeypatch.setattr(comparison, "typing_area", typing_area)
    monkeypatch.setattr(comparison, "offer_other_text", lambda _key: None)
    monkeypatch.setattr(comparison, "until_loaded", lambda _model: None)
    monkeypatch.setattr(cache, "is_loaded", lambda _model: False)
    runs = upload_of(owner, tmp_path)
    page = open_training(race=races.id_of(runs))
    assert [("private sentence" in text) for text in offered] == [shown]
    everything = words(page) + str([table.value for table in page.table]) + str([code.value for code in page.code])
    assert "private sentence" not in everything


def test_why_a_run_failed_names_no_folder_of_the_server() -> None:
    told = Outcome("bce", 0, "r", State.FAILED, "", [], None, None, "{file} has changed since the run was queued.",
                   {"file": "/home/teacher/secret folder/data.csv"})  # fmt: skip
    assert race_words.failure(told) == "data.csv has changed since the run was queued."
    bug = replace(told, template="", message="FileNotFoundError: [Errno 2] No such file: '/home/teacher/x/y.json'")
    assert "/home" not in race_words.failure(bug)
    assert "'y.json'" in race_words.failure(bug)
    for harmless in ("3 texts/s, and/or more", "see https://example.org/a/b.", "top:3, n/a", "half /"):
        assert race_words.without_folders(harmless) == harmless
    assert race_words.without_folders(r"C:\Users\me\data.csv is gone") == "data.csv is gone"


@pytest.mark.parametrize(
    "note",
    [{}, {"template": "{x}"}, {"template": "{0}", "values": {}}, {"template": "{a.b}", "values": {"a": 1}},
     {"template": "{a:%Z}", "values": {"a": 1.5}}, {"template": "{", "values": {}},
     {"template": "{a:999999999999}", "values": {"a": 1}},
     {"code": "no_gradient", "template": NOTES["no_gradient"], "values": {"steps": 20}},
     {"code": "collapsed", "template": NOTES["collapsed"], "values": {"cosine": "x", "rank": "y"}}],
)  # fmt: skip
def test_a_note_that_is_not_ours_or_cannot_be_filled_in_is_told_as_it_stands(note: dict[str, Any]) -> None:
    assert race_words.in_words(Note(**note, message="as it stands")) == "as it stands"


def test_the_operator_cancels_other_peoples_races(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = races.start(user="b" * 32)
    page = open_training(race=races.id_of(runs))
    assert not [button for button in page.button if str(button.key).startswith("cancel-")]
    monkeypatch.setattr(operators, "acting", lambda: None)
    page = open_training(race=races.id_of(runs))
    page.button(key=f"cancel-{races.id_of(runs)}").click().run()
    assert {run.status.state for run in runs} == {"cancelled"}


def test_runs_whose_files_hold_anything_take_no_page_away() -> None:
    """Each run of a race is damaged in another way; a race without sense stands beside it."""
    odd = {
        "config.json": b'{"data": "' + b"x" * 5_000 + b'", "model": "../..", "settings": {"loss": "nonsense"}}',
        "status.json": b'{"state": "failed", "template": "{x} {0} {a.b}", "values": {}, "message": "as it stands"}',
        "about.json": b"[" * 100_000,
        "items.json": b'{"before": {"values": {"odd": [1]}, "cosines": [], "gold": []}, "after": null}',
        "metrics.jsonl": b'{"event": "note", "template": "{a.b}", "values": {"a": 1}}\n{"event": "finished"}\n',
    }
    runs = races.start(tuple(losses.names())[: len(odd) + 1])
    for run, name in zip(runs[1:], odd, strict=True):
        races.finish(run, right=0.9)
        (run.folder / name).write_bytes(odd[name])
    race_id = races.id_of(runs)
    (runs[0].folder.parent.parent / "races" / "0123456789abcdef.json").write_bytes(b"[" * 100_000)
    page = open_training(race=race_id)
    assert "as it stands" in words(page)
    assert "bce" in bars(page)  # the run that is whole
    together = ",".join(run.id for run in runs)
    for parameters in ({"whose": "all"}, {"run": together}, {"run": runs[1].id}, {"run": runs[5].id}):
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        page.switch_page(PAGES["runs"].path)
        for name, value in parameters.items():
            page.query_params[name] = value
        assert not page.run().exception

import errno
import gc
import json
import os
import weakref
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from simcse_core import home as homes
from simcse_core.data.kinds import Dataset, Labelled
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.protocol import Trainable
from simcse_core.errors import DataError, ModelError, RunError
from simcse_core.learning.records import About, Evaluation, Finished, Record, State, Step
from simcse_core.learning.settings import TrainingSettings
from simcse_core.limits import Limits
from simcse_core.runs import execute as execution
from simcse_core.runs import files, metrics, race, store, worker
from simcse_core.runs.config import RunConfig, data_hash, describe, open_split
from simcse_core.runs.execute import execute
from tests.records import step
from tests.runs.conftest import SMALL

COSENT = TrainingSettings(loss="cosent", epochs=1, tune="head")


def state(run: store.Run) -> str:
    """Read anew from the disk at each call."""
    return run.status.state


def steps_of(run: store.Run) -> list[int]:
    return [record.step for record in run.records() if isinstance(record, Step)]


def test_a_run_leaves_everything_in_its_folder() -> None:
    run = store.create(describe(SMALL))
    assert state(run) == "queued"
    emitted: list[Record] = []
    execute(run, emitted.append)
    assert state(run) == "finished"
    assert run.records() == emitted
    last = run.finished()
    assert last == emitted[-1]
    assert last is not None
    assert (last.run, last.model, last.base_model) == (run.id, str(run.model), SMALL.model)
    assert last.dev_before is not None
    assert last.dev_after is not None
    assert last.dev_before.keys() == last.dev_after.keys()
    assert load(run.id).encode(["你好"]).shape == load(str(run.model)).encode(["你好"]).shape == (1, 512)
    items = run.items()
    assert items is not None
    for metric in ("logistic_accuracy", "centre_accuracy"):
        assert sum(items.after.values[metric]) / 80 == pytest.approx(last.dev_after[metric])
    assert run.config.data_sha256
    assert run.config.versions.keys() == {"simcse_core", "torch", "transformers", "accelerate", "numpy"}


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("text,label\na,x\nb,x\nc,x\n")
    run = store.create(SMALL.model_copy(update={"data": str(file)}))
    with pytest.raises(DataError, match="one class only"):
        execute(run, lambda _: None)
    assert state(run) == "failed"
    assert "one class only" in run.status.message


def test_a_cancelled_run_stops_at_its_next_step() -> None:
    run = store.create(SMALL)
    execute(run, lambda record: run.ask_to_cancel())
    assert state(run) == "cancelled"
    assert not run.model.exists()


def test_a_run_that_is_killed_while_its_model_is_saved_ends_with_all_its_records_and_none_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed(self: FrozenEncoder, folder: Path, *, base: str | None = None) -> None:
        raise KeyboardInterrupt

    def said(run: store.Run) -> list[tuple[object, ...]]:
        return [
            (record.event, getattr(record, "step", None), getattr(record, "code", None)) for record in run.records()
        ]

    whole, run = store.create(SMALL), store.create(SMALL)
    execute(whole, lambda _: None)
    monkeypatch.setattr("simcse_core.learning.training.limits", lambda: Limits(checkpoint_seconds=0))
    with monkeypatch.context() as patch:
        patch.setattr(FrozenEncoder, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            execute(run, lambda _: None)
    execute(run, lambda _: None, resume=True)
    assert said(run) == said(whole)
    assert "best_of_many" in {code for _event, _step, code in said(run)}
    last = run.finished()
    assert last is not None
    assert last.kept_step == max(one.step for one in run.records() if isinstance(one, Evaluation) and one.best)


def test_a_run_whose_process_is_gone_counts_as_interrupted() -> None:
    run = store.create(SMALL)
    run.set_status(State.RUNNING)
    assert state(run) == "running"
    status = json.loads((run.folder / "status.json").read_text())
    (run.folder / "status.json").write_text(json.dumps({**status, "job": f"{2**22 + 1}:1.0"}))
    assert state(run) == "interrupted"
    (run.folder / "status.json").write_text(json.dumps({**status, "job": f"{os.getpid()}:1.0"}))
    assert state(run) == "interrupted"  # the pid is another process's by now
    (run.folder / "status.json").write_text("{half")
    assert state(run) == "interrupted"


def test_records_that_grow_are_read_on_and_broken_lines_are_left_out() -> None:
    run = store.create(SMALL)
    path = run.folder / "metrics.jsonl"
    assert run.records() == []
    run.append(step(1, 9))
    assert len(run.records()) == 1
    with path.open("a") as file:
        file.write('{"event": "step", "step": 2, "steps": 9, "epoch": 1, "seconds": 1.0}\nby hand\n[1]\n{"event": 7}\n')
        file.write(
            '{"event": "step", "step": null, "steps": 9, "epoch": 1, "seconds": 1}\n{"event": "step", "step": 5}\n'
        )
        file.write("[" * 100_000 + '\n{"event": "st')
    assert steps_of(run) == [1, 2]
    with path.open("a") as file:
        file.write('ep", "step": 3, "steps": 9, "epoch": 1, "seconds": 1}\n')
    assert steps_of(run) == [1, 2, 3]
    run.records().clear()  # a list of one's own
    run.go_on_before(3)
    assert steps_of(run) == [1, 2]
    path.write_text(
        '{"event": "step", "step": 9, "steps": 9, "epoch": 1, "seconds": 1.0}\n'
    )  # shorter than what was read
    assert steps_of(run) == [9]
    path.unlink()
    assert run.records() == []


def test_a_replaced_file_is_never_spliced_with_the_one_before() -> None:
    run = store.create(SMALL)
    for first, last in ((1, 50), (40, 45), (30, 60)):
        run.go_on_before(first)
        for number in range(first, last + 1):
            run.append(step(number, 99))
            if number % 7 == 0:
                run.records()
        assert steps_of(run) == list(range(1, last + 1))


def test_a_half_written_last_record_is_left_out() -> None:
    run = store.create(SMALL)
    run.append(step(1, 9))
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"event": "st')
    assert run.records() == [step(1, 9)]


@pytest.mark.parametrize("given", ["nothing", "../runs", "20260101-000000000000-0123456789ab", ""])
def test_ids_that_are_no_run_are_refused(given: str) -> None:
    with pytest.raises(RunError, match="There is no run"):
        store.get(given)


def test_a_damaged_run_and_a_folder_in_use_are_refused(tmp_path: Path) -> None:
    run = store.create(SMALL, tmp_path / "run")
    with pytest.raises(RunError, match="already holds a run"):
        store.create(SMALL, tmp_path / "run")
    (run.folder / "config.json").write_text("{")
    with pytest.raises(RunError, match="missing or damaged"):
        _ = run.config
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        store.create(SMALL, tmp_path / "file" / "run")


def test_uploads_are_kept_once_under_a_name_of_our_own(home: Path) -> None:
    first = store.keep_data(b"text,label\na,x\n", "../../evil.csv")
    assert first == store.keep_data(b"text,label\na,x\n", "other.csv")
    assert first.parent == home / "data"
    assert first.suffix == ".csv"
    assert len(list(first.parent.iterdir())) == 1


def test_the_data_hash_is_of_the_rows() -> None:
    data = Labelled("a", ("x", "y"), ("1", "2"))
    assert data_hash(data) == data_hash(Labelled("b", ("x", "y"), ("1", "2")))
    assert data_hash(data) != data_hash(Labelled("a", ("y", "x"), ("1", "2")))


@pytest.mark.usefixtures("nobody_works")
def test_a_race_of_several_seeds_holds_out_the_same_rows_for_all() -> None:
    with_options = TrainingSettings(loss="triplet", loss_options={"margin": 0.3}, tune="head", seed=5)
    outcomes = race.outcomes(
        race.start(SMALL.model_copy(update={"settings": with_options}), ["bce", "triplet"], [0, 1])
    )
    assert [(run.loss, run.seed) for run in outcomes] == [("bce", 0), ("triplet", 0), ("bce", 1), ("triplet", 1)]
    configs = [store.get(run.run).config for run in outcomes]
    assert len({open_split(config) for config in configs}) == 1
    assert open_split(configs[0]) == open_split(SMALL.model_copy(update={"settings": with_options}))
    assert [config.settings.loss_options.get("margin") for config in configs] == [None, 0.3, None, 0.3]
    assert {config.settings.keep for config in configs} == {"last"}  # nobody gains from a lucky moment
    same = {"loss": "", "loss_options": {}, "seed": 0, "keep": "last", "sentences": None, "epochs": 1}
    assert all(config.settings.model_copy(update=same) == with_options.model_copy(update=same) for config in configs)
    learned_from = len(open_split(configs[0])[0])
    assert {config.settings.sentences for config in configs} == {with_options.epochs * learned_from}
    assert race.results(outcomes) == []
    assert race.verdict(outcomes) is None


def test_a_race_that_does_not_exist_is_said() -> None:
    with pytest.raises(RunError, match="no race"):
        race.outcomes("nothing")


def test_data_without_labels_cannot_be_split(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("a\nb\n")
    with pytest.raises(DataError, match="From texts can learn: simcse"):
        open_split(RunConfig(data=str(tmp_path / "t.txt")))


def test_run_ids_cannot_be_guessed_or_lead_elsewhere() -> None:
    run = store.create(SMALL)
    assert homes.RUN_ID.fullmatch(run.id)
    assert homes.run_folder("../../etc") is None
    assert store.create(SMALL).id != run.id


def test_what_would_steer_a_terminal_is_no_part_of_a_name() -> None:
    run = store.create(SMALL, owner="anna")
    run.rename("a\x1b]0;name\x07 \u202eb", "anna")
    assert run.about.name == "a]0;name b"
    about = json.loads((run.folder / "about.json").read_text())
    (run.folder / "about.json").write_text(json.dumps({**about, "created": 1e300}))
    assert run.about.created == 0


def test_a_full_disk_at_the_last_record_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.create(SMALL)
    real = metrics.append

    def full(path: Path, record: Record) -> None:
        if isinstance(record, Finished):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, record)

    monkeypatch.setattr(metrics, "append", full)
    with pytest.raises(RunError, match="no space left"):
        execute(run, lambda _: None)
    assert state(run) == "failed"


def test_a_run_has_owners_and_a_name() -> None:
    run = store.create(SMALL, owner="anna")
    assert run.title == "cross_entropy · intents-zh"
    upload = store.keep_data(b"text,label\na,x\n", "mine.csv")
    assert store.create(SMALL.model_copy(update={"data": str(upload)})).title == "cross_entropy"
    run.rename("  my\nfirst   run ", "anna")
    assert run.title == run.about.name == "my first run"
    run.join("ben")
    assert [own.id for own in store.runs_of("ben")] == [run.id]
    with pytest.raises(RunError, match="somebody else's"):
        run.rename("x", "carla")
    with pytest.raises(RunError, match="somebody else's"):
        store.delete(run, "carla")
    with pytest.raises(RunError, match="at most 80 characters"):
        run.rename("x" * 81, "anna")
    (run.folder / "about.json").write_text("{half")
    assert run.about == About()
    with pytest.raises(RunError, match="somebody else's"):
        store.delete(run, "anna")


def test_a_run_has_a_name_for_each_of_its_owners_and_nobody_renames_it_for_another() -> None:
    run = store.create(SMALL, owner="anna")
    run.rename("mine", "anna")
    run.join("ben")
    assert run.title_for("ben") == "cross_entropy · intents-zh"  # what she calls it is hers
    run.rename("ben's", "ben")
    assert (run.title_for("anna"), run.title_for("ben")) == ("mine", "ben's")
    assert run.title == run.title_for("carla") == run.title_for(None) == "mine"
    run.rename("", "ben")
    assert run.title_for("ben") == "cross_entropy · intents-zh"
    run.rename("ben's", "ben")
    run.rename("of the class", None)  # the operator
    assert (run.title_for("anna"), run.title_for("ben")) == ("of the class", "ben's")
    assert run.leave("anna")
    assert (run.about.owners, run.title, run.about.names) == (("ben",), "ben's", {})
    run.rename("another", "ben")
    assert run.title == "another"


def test_names_and_owners_written_before_names_were_per_person_are_read() -> None:
    run = store.create(SMALL)
    old = {"owners": ["anna", "ben"], "name": "ours", "created": 5.0, "imported": False}
    files.replace(run.folder / "about.json", old)
    assert (run.title_for("anna"), run.about.created) == ("ours", 5.0)
    run.rename("his", "ben")
    assert (run.title_for("anna"), run.title_for("ben")) == ("ours", "his")


def uploaded(content: bytes, owner: str, **also: object) -> store.Run:
    path = store.keep_data(content, "mine.csv")
    return store.create(SMALL.model_copy(update={"data": str(path), **also}), owner=owner)


def test_an_upload_is_removed_with_the_last_run_that_needs_it(home: Path) -> None:
    first, second = uploaded(b"text,label\na,x\n", "anna"), uploaded(b"text,label\na,x\n", "anna")
    other = uploaded(b"text,label\nb,x\n", "ben")
    measured = store.keep_data(b"text,label\nc,x\n", "dev.csv")
    third = store.create(SMALL.model_copy(update={"dev": str(measured)}), owner="ben")
    for run in (first, second, other, third):
        run.set_status(State.CANCELLED)
    path, others = Path(first.config.data), Path(other.config.data)
    store.delete(first, "anna")
    assert path.exists()
    store.delete(second, "anna")
    assert not path.exists()
    assert others.exists()
    store.delete(third, "ben")
    assert not measured.exists()
    store.delete(other, "ben")
    assert list((home / "data").iterdir()) == []


def test_an_upload_that_somebody_else_has_just_brought_too_is_left_to_them() -> None:
    run = uploaded(b"text,label\na,x\n", "anna")
    run.set_status(State.CANCELLED)
    path = store.keep_data(b"text,label\na,x\n", "same.csv")
    os.utime(path, (run.about.created + 1, run.about.created + 1))
    store.delete(run, "anna")
    assert path.exists()
    store.sweep_data()
    assert path.exists()  # its race may be started any moment
    store.sweep_data(older_than_seconds=-10)
    assert not path.exists()


def test_a_file_of_ones_own_is_never_removed(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("text,label\na,x\n")
    run = store.create(SMALL.model_copy(update={"data": str(file)}))
    run.set_status(State.CANCELLED)
    store.delete(run, None)
    assert file.exists()


def test_texts_that_others_brought_are_shown_to_the_owners_only() -> None:
    run = uploaded(b"text,label\na,x\n", "anna")
    bundled_run, measured = store.create(SMALL), store.create(SMALL.model_copy(update={"dev": "/srv/own.csv"}))
    assert [run.shows_data(user) for user in ("anna", "ben", None)] == [True, False, True]
    assert bundled_run.shows_data("ben")
    assert not measured.shows_data("ben")
    assert store.create(SMALL.model_copy(update={"dev": "none"})).shows_data("ben")


def test_deleting_takes_a_run_away_unless_something_needs_it() -> None:
    run = store.create(SMALL, owner="anna")
    with pytest.raises(RunError, match="Cancel it first"):
        store.delete(run, "anna")
    run.set_status(State.RUNNING)
    with pytest.raises(RunError, match="Cancel it first"):
        store.delete(run, None)
    run.set_status(State.FINISHED)
    follower = store.create(SMALL.model_copy(update={"model": run.id}), owner="ben")
    with pytest.raises(RunError, match="starts from this model"):
        store.delete(run, "anna")
    follower.set_status(State.CANCELLED)
    run.join("ben")
    store.delete(run, "anna")
    assert run.about.owners == ("ben",)  # it is still his
    store.delete(run, "ben")
    assert not run.folder.exists()
    assert [other.id for other in store.all_runs()] == [follower.id]


def test_the_last_words_fit_on_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.create(SMALL)
    replace = files.replace

    def full(path: Path, value: object) -> None:
        if (run.folder / "reserve").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(path, value)

    monkeypatch.setattr(files, "replace", full)
    run.set_status(State.FAILED, "why")
    assert (state(run), run.status.message) == ("failed", "why")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_ends_a_run_in_words_and_leaves_the_others_alone() -> None:
    other, run = store.create(SMALL), store.create(SMALL)
    (run.folder / "metrics.jsonl").symlink_to("/dev/full")
    with pytest.raises(RunError, match="no space left on the disk"):
        execute(run, lambda _: None)
    assert state(run) == "failed"
    assert run.status.template.startswith("There is no space left on the disk")
    assert state(other) == "queued"


def test_data_that_changed_while_the_run_waited_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    lines = [f"text {number},{'ab'[number % 2]}" for number in range(40)]
    file.write_text("text,label\n" + "\n".join(lines))
    run = store.create(describe(SMALL.model_copy(update={"data": str(file)})))
    file.write_text("text,label\n" + "\n".join(lines[:-2]))
    with pytest.raises(DataError, match="has changed since the run was queued"):
        execute(run, lambda _: None)


def test_trackers_get_the_numbers_and_one_that_fails_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate import tracking

    logged: list[tuple[int, dict[str, float]]] = []

    class Tracker(tracking.GeneralTracker):  # type: ignore[misc]
        name = "mine"
        requires_logging_directory = True

        def __init__(self, run_name: str, logging_dir: Path) -> None:
            super().__init__()

        @property
        def tracker(self) -> object:
            return self

        def store_init_configuration(self, values: dict[str, object]) -> None:
            assert values["loss"] == "cross_entropy"

        def log(self, values: dict[str, float], step: int | None = None) -> None:
            assert step is not None
            logged.append((step, values))
            if step == 2:
                raise ConnectionError

    monkeypatch.setitem(tracking.LOGGER_TYPE_TO_CLASS, "mine", Tracker)
    monkeypatch.setenv("SIMCSE_TRACKERS", "mine, not there")
    run = store.create(SMALL)
    worker.carry_out(run)
    assert state(run) == "finished"
    losses = [record.loss for record in run.records() if isinstance(record, Step)]
    assert [values["train/loss"] for step, values in logged if "train/loss" in values] == losses
    assert any("dev/mean_average_precision" in values for step, values in logged)


def test_the_model_as_it_comes_is_measured_anew_when_any_of_its_files_has_changed(tmp_path: Path) -> None:
    """The encoder's weights may be the same while a head or the pooling is another."""
    model = load("minilm", layer=1)
    assert isinstance(model, SimCSE)
    results = []
    for seed in (1, 2):
        model.configured(head="random", seed=seed).save(tmp_path / "model")
        config = describe(RunConfig(data="scored-en", model=str(tmp_path / "model"), settings=COSENT))
        data, dev = open_split(config)
        assert race.beside(config) == {}
        race.write_baselines(config, data, dev)
        results.append(race.beside(config)["as_it_comes"].cosines)
    assert results[0] != results[1]


def test_a_model_that_has_changed_since_the_run_was_queued_is_refused(tmp_path: Path) -> None:
    model = load("minilm", layer=1, head="random", seed=1)
    assert isinstance(model, SimCSE)
    model.save(tmp_path / "model")
    run = store.create(describe(RunConfig(data="scored-en", model=str(tmp_path / "model"), settings=COSENT)))
    model.configured(head="random", seed=2).save(tmp_path / "model")
    with pytest.raises(ModelError, match="changed since the run was queued"):
        execute(run, lambda _: None)


def test_labelled_data_that_becomes_pairs_is_still_judged_by_classifiers() -> None:
    run = store.create(describe(SMALL.model_copy(update={"kind": "pairs"})))
    execute(run, lambda _: None)
    last = run.finished() or Finished()
    assert {"logistic_accuracy", "centre_accuracy"} <= (last.dev_after or {}).keys()
    assert last.gain is not None
    assert last.gain.metric == "logistic_accuracy"
    assert "logistic_accuracy" in (last.dev_as_it_comes or {})


def test_a_worker_never_holds_the_trained_model_and_the_one_it_came_from_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[weakref.ref[nn.Module]] = []
    open_model = execution.open_model

    def opened(config: RunConfig, data: Dataset) -> Trainable:
        model = open_model(config, data)
        trained.append(weakref.ref(model))
        return model

    def baselines(*arguments: Any) -> None:
        gc.collect()
        assert [model() for model in trained] == [None]
        race.write_baselines(*arguments)

    monkeypatch.setattr(execution, "open_model", opened)
    monkeypatch.setattr(execution, "write_baselines", baselines)
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" + "".join(f"text {n},{n % 2}\n" for n in range(24)))
    config = RunConfig(data=str(file), layer=1, settings=TrainingSettings(tune="top:1", steps=1, loss="supcon"))
    run = store.create(describe(config), tmp_path / "run")
    execute(run, lambda _: None)
    assert len(trained) == 1

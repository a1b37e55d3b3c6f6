"""What a power cut leaves: a disk that forgets everything that was not synced, played by a shim."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from simcse_core import durable
from simcse_core.learning.records import Step
from simcse_core.runs import store
from simcse_core.runs.execute import execute
from tests.runs.conftest import SMALL


class Disk:
    """Records in their order what is synced, renamed and removed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[tuple[str, str]] = []
        self._watch(monkeypatch)

    def _watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sync, replace, unlink = os.fsync, os.replace, os.unlink
        rename = os.rename

        def fsync(number: int) -> None:
            self.done.append(("sync", os.readlink(f"/proc/self/fd/{number}")))
            sync(number)

        def moved(how: Callable[..., None]) -> Callable[..., None]:
            def move(source: str, target: str, **more: int) -> None:
                how(source, target, **more)
                # What was synced under the old name is safe under the new one, once its folder is synced.
                self.done = [(did, _renamed(name, str(source), str(target))) for did, name in self.done]
                self.done.append(("rename", str(target)))

            return move

        def removed(path: str, **more: int) -> None:
            self.done.append(("remove", str(path)))
            unlink(path, **more)

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(os, "replace", moved(replace))
        monkeypatch.setattr(os, "rename", moved(rename))
        monkeypatch.setattr(os, "unlink", removed)


def _renamed(name: str, source: str, target: str) -> str:
    return target + name[len(source) :] if name == source or name.startswith(f"{source}/") else name


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files stand in /proc")


@needs_proc
def test_a_file_and_its_name_are_on_the_disk_before_writing_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    durable.write(tmp_path / "a.json", b"content")
    file = str(tmp_path / "a.json")
    assert disk.done == [("sync", file), ("rename", file), ("sync", str(tmp_path))]


@needs_proc
def test_a_run_is_finished_only_when_all_of_it_is_on_the_disk_and_its_checkpoint_goes_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIMCSE_CHECKPOINT_SECONDS", "1")
    disk = Disk(monkeypatch)
    run = store.create(SMALL.model_copy(update={"settings": SMALL.settings.model_copy(update={"epochs": 1})}))
    run.checkpoint.write_bytes(b"of an attempt before")
    execute(run, lambda _record: None)
    removed = disk.done.index(("remove", str(run.checkpoint)))
    status = str(run.folder / "status.json")
    finished = max(at for at, step in enumerate(disk.done[:removed]) if step == ("rename", status))
    needed = [run.folder / name for name in ("config.json", "metrics.jsonl", "items.json", "about.json")]
    needed += [path for path in run.model.rglob("*") if path.is_file()]
    assert len(needed) > 5
    for path in needed:
        assert ("sync", str(path)) in disk.done[:finished], path.name
    for folder in (run.folder, run.model):
        assert ("sync", str(folder)) in disk.done[:finished]
    assert ("sync", str(run.folder)) in disk.done[finished:removed]  # the name of the status "finished"
    assert ("sync", str(run.folder.parent)) in disk.done[:finished]


@needs_proc
def test_the_metrics_that_a_checkpoint_counts_on_are_on_the_disk_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.create(SMALL)
    disk = Disk(monkeypatch)
    execute(run, lambda record: run.ask_to_cancel() if isinstance(record, Step) else None)
    assert run.status.state == "cancelled"
    metrics, checkpoint = str(run.folder / "metrics.jsonl"), str(run.checkpoint)
    assert disk.done.index(("sync", metrics)) < disk.done.index(("rename", checkpoint))
    at = disk.done.index(("rename", checkpoint))
    assert ("sync", checkpoint) in disk.done[:at]


def test_a_full_disk_leaves_the_old_file_and_no_part_of_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "output.npy"
    old.write_bytes(b"years of work")

    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        durable.write(old, b"half of")
    assert old.read_bytes() == b"years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["output.npy"]


def test_an_upload_that_finds_no_room_leaves_nothing_behind(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Exception, match="no space left on the disk"):
            store.keep_data(b"text,label\na,x\n", "mine.csv")
    assert list((home / "data").iterdir()) == []
    kept = store.keep_data(b"text,label\na,x\n", "mine.csv")
    kept.write_bytes(b"text")  # a part, as an earlier version could leave it
    assert store.keep_data(b"text,label\na,x\n", "mine.csv").read_bytes() == b"text,label\na,x\n"


def test_errors_name_the_file_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        durable.write(tmp_path / "nowhere" / "a.npy", b"x")
    assert missing.value.filename == str(tmp_path / "nowhere" / "a.npy")
    with pytest.raises(OSError, match="No space") as full, durable.replacing(tmp_path / "a.npy"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert full.value.filename == str(tmp_path / "a.npy")
    with pytest.raises(OSError, match="read") as other, durable.replacing(tmp_path / "a.npy"):
        raise OSError(errno.EIO, "cannot read", "texts.txt")
    assert other.value.filename == "texts.txt"


def test_a_device_is_written_to_and_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    durable.write(tmp_path / "link.csv", b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"
    (tmp_path / "real.csv").chmod(0o600)
    durable.write(tmp_path / "real.csv", b"newer")
    assert (tmp_path / "real.csv").stat().st_mode & 0o777 == 0o600
    if os.name != "nt":
        durable.write(Path(os.devnull), b"nothing")
        assert not Path(os.devnull).is_file()


def test_a_system_that_cannot_sync_folders_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def fsync(number: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{number}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    durable.write(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"

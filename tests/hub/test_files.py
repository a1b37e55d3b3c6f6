"""Files on their way here: whole and unchanged, or nothing; whatever breaks off goes on where it was."""

import errno
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simcse_core.errors import HubError, ModelError
from simcse_core.hub import record
from simcse_core.hub.client import Query, look_up
from simcse_core.hub.files import Place, Progress, fetch
from tests.hub.conftest import CONTENT, LARGE, SMALL
from tests.stand_in_hub import REVISION, StandInHub, wait_until

SIZE = sum(map(len, CONTENT.values()))


@pytest.fixture
def place(query: Query) -> Place:
    return Place(query.folder, query.folder / "someone" / "things")


def fetched(query: Query, place: Place, on_progress: Progress | None = None) -> dict[str, bytes]:
    """What is in the folder after fetching, without the record."""
    fetch(look_up(query), place, on_progress)
    files = (path for path in place.folder.rglob("*") if path.is_file() and path.name != record.RECORD)
    return {path.relative_to(place.folder).as_posix(): path.read_bytes() for path in files}


def part_of_large(place: Place) -> Path:
    (part,) = place.root.glob(".fetching/*/inner/model.safetensors.*.part")
    return part


# ---- What is fetched


def test_a_repository_becomes_a_folder_with_a_record(hub: StandInHub, query: Query, place: Place) -> None:
    assert fetched(query, place) == CONTENT
    assert record.is_intact(place.folder)
    written = record.read(place.folder)
    assert written is not None
    assert (written.repository, written.revision) == ("someone/things", REVISION)
    assert {path: file.bytes for path, file in written.files.items()} == {LARGE: len(CONTENT[LARGE])}
    assert not list(place.root.rglob("*.part"))


def test_a_folder_of_the_repository_becomes_the_folder(hub: StandInHub, query: Query, place: Place) -> None:
    hub.repositories["someone/things"].pop(SMALL)
    hub.repositories["datasets/someone/things"].pop(SMALL)
    inner = Place(place.root, place.folder, inside="inner")
    assert fetched(query, inner) == {"model.safetensors": CONTENT[LARGE]}
    assert record.is_intact(place.folder)


def test_what_is_there_is_not_downloaded_again(hub: StandInHub, query: Query, place: Place) -> None:
    fetched(query, place)
    hub.requests.clear()
    fetched(query, place)
    assert hub.requests == []


def test_a_damaged_folder_is_replaced(hub: StandInHub, query: Query, place: Place) -> None:
    fetched(query, place)
    (place.folder / LARGE).write_bytes(b"damaged")
    (place.folder / "stray").write_bytes(b"")
    assert fetched(query, place) == CONTENT


def test_progress_counts_the_bytes_of_all_files(hub: StandInHub, query: Query, place: Place) -> None:
    steps: list[tuple[int, int]] = []
    hub.slow = True
    fetched(query, place, lambda done, total: steps.append((done, total)))
    assert {total for _done, total in steps} == {SIZE}
    assert steps == sorted(steps)
    assert len(set(steps)) >= 3
    assert steps[-1] == (SIZE, SIZE)


def test_what_is_not_accepted_leaves_nothing_and_its_bulk_is_not_fetched(
    hub: StandInHub, query: Query, place: Place
) -> None:
    def refuse(folder: Path) -> None:
        assert (folder / SMALL).read_bytes() == CONTENT[SMALL]
        raise ModelError("no")

    with pytest.raises(ModelError, match="no"):
        fetch(look_up(query), place, accept=refuse)
    assert hub.asked_for(LARGE) == []
    assert not place.folder.exists()
    assert not place.staging.exists()


# ---- Interruptions


def test_a_download_that_broke_goes_on_where_it_broke(hub: StandInHub, query: Query, place: Place) -> None:
    hub.cut_at = 1_000_000
    with pytest.raises(HubError, match=r"things stopped after 1 of 2 MB .* goes on from there"):
        fetched(query, place)
    assert not place.folder.exists()
    assert part_of_large(place).stat().st_size == 1_000_000
    hub.cut_at = None
    hub.requests.clear()
    steps: list[int] = []
    assert fetched(query, place, lambda done, total: steps.append(done)) == CONTENT
    assert hub.requests == [(LARGE, 1_000_000)]  # the small file was whole
    assert steps[0] > 1_000_000


def test_one_that_breaks_again_and_again_goes_on_by_itself(
    hub: StandInHub, query: Query, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simcse_core.hub.files.WAITS", (0.0,))
    hub.cut_at, hub.cuts = 1_000_000, 1
    assert fetched(query, place) == CONTENT
    assert hub.asked_for(LARGE) == [0, 1_000_000]


def test_ctrl_c_leaves_what_has_arrived(hub: StandInHub, query: Query, place: Place) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    hub.slow = True
    with pytest.raises(KeyboardInterrupt):
        fetched(query, place, interrupt)
    size = part_of_large(place).stat().st_size
    assert fetched(query, place) == CONTENT
    assert hub.asked_for(LARGE) == [0, size]
    assert size > 500_000


def test_a_hub_that_knows_no_ranges_starts_over(hub: StandInHub, query: Query, place: Place) -> None:
    hub.cut_at, hub.cuts, hub.knows_ranges = 1_000_000, 1, False
    with pytest.raises(HubError, match="stopped"):
        fetched(query, place)
    assert fetched(query, place) == CONTENT


def test_part_of_another_revision_is_not_continued(hub: StandInHub, query: Query, place: Place) -> None:
    hub.cut_at, hub.cuts = 1_000_000, 1
    with pytest.raises(HubError, match="stopped"):
        fetched(query, place)
    newer = {**CONTENT, LARGE: CONTENT[LARGE][::-1]}
    for name in hub.repositories:
        hub.repositories[name] = newer
    hub.revision = REVISION[::-1]
    assert fetched(query, place) == newer
    assert hub.asked_for(LARGE) == [0, 0]


def test_two_at_once_share_one_download(hub: StandInHub, query: Query, place: Place) -> None:
    steps: list[tuple[int, int]] = []
    hub.pause = threading.Event()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(fetched, query, place)
        wait_until(lambda: hub.asked_for(LARGE))
        second = pool.submit(fetched, query, place, lambda done, total: steps.append((done, total)))
        wait_until(lambda: steps)  # the second one waits and tells how far the first one is
        hub.pause.set()
        assert first.result() == second.result() == CONTENT
    assert hub.asked_for(LARGE) == [0]
    assert 0 < steps[0][0] < steps[0][1]


# ---- What is refused


@pytest.mark.parametrize("path", [SMALL, LARGE])
def test_a_wrong_checksum_is_refused_and_the_file_removed(
    hub: StandInHub, query: Query, place: Place, path: str
) -> None:
    hub.sent_instead[path] = CONTENT[path][:-1] + b"?"
    with pytest.raises(HubError, match="of things arrived damaged and was removed"):
        fetched(query, place)
    assert not list(place.root.rglob(f"{Path(path).name}*"))
    hub.sent_instead.clear()
    assert fetched(query, place) == CONTENT


def test_a_full_disk_is_said_before_the_download(
    hub: StandInHub, query: Query, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=50_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(HubError, match=r"needs 103 MB on the disk, and .* has only 50 MB left"):
        fetched(query, place)
    assert hub.requests == []


def test_a_folder_that_cannot_be_written_is_said(
    hub: StandInHub, query: Query, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, *_arguments: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    repository = look_up(query)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(HubError, match="root cannot be written: Read-only file system"):
        fetch(repository, place)

"""What stderr shows of long work: on a terminal a bar, on a pipe a few whole lines."""

import fcntl
import os
import pty
import struct
import termios
import unicodedata
from collections.abc import Callable, Iterator

import pytest

from simcse_core.api.progress import WaitingLine, download_bar, in_words, texts_bar
from simcse_core.runs.schedule import Place

CHINESE = "今天天气很好我们去公园散步吧"
MEGABYTE = 1_000_000
WIDTH = 60


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets."""
    now = [1_000.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    return now


@pytest.fixture
def make_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Makes stderr a terminal."""
    reader, writer = pty.openpty()

    def make(rows: int = 24, width: int = WIDTH) -> None:
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", rows, width, 0, 0))
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        monkeypatch.setattr("sys.stderr.fileno", lambda: writer)

    yield make
    os.close(reader)
    os.close(writer)


def work(clock: list[float], seconds: int) -> None:
    """A thousand texts in so many seconds; reports every tenth of a second."""
    start = clock[0]
    with texts_bar("encoding") as show:
        for tenth in range(1, 10 * seconds + 1):
            clock[0] = start + tenth / 10
            show(1_000 * tenth // (10 * seconds), 1_000)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: a Chinese letter takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "FW" else 1 for letter in text)


def test_short_work_shows_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    work(clock, 2)
    assert capsys.readouterr().err == ""


def test_long_work_on_a_pipe_is_a_line_every_ten_seconds_and_one_at_the_end(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    work(clock, 25)
    assert capsys.readouterr().err.splitlines() == [
        "encoding:  40% 400/1.00k [00:10<00:15, 40.0 texts/s]",
        "encoding:  80% 800/1.00k [00:20<00:05, 40.0 texts/s]",
        "encoding: 100% 1.00k/1.00k [00:25<00:00, 40.0 texts/s]",
    ]


def test_an_estimate_that_equals_what_is_done_is_not_the_end(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with texts_bar("reading") as show:
        for done in range(1, 200):
            clock[0] += 0.1
            show(done, done)
        show(200, None)
    assert capsys.readouterr().err.splitlines() == [
        "reading: 100% 100/100 [00:10<00:00, 10.0 texts/s]",
        "reading: 200 texts [00:19, 10.1 texts/s]",
    ]


def test_nothing_that_steers_a_terminal_goes_into_a_pipe(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    work(clock, 30)
    with download_bar("some\x1b[2J\n\u202emodel") as show:
        for part in range(100):
            clock[0] += 1
            show(part * MEGABYTE, 100 * MEGABYTE)
    line = WaitingLine()
    for _second in range(30):
        clock[0] += 1
        line.show(Place(2, 5.0))
    line.close()
    printed = capsys.readouterr()
    assert printed.out == ""  # which is for the answer
    lines = printed.err.split("\n")
    assert all(shown.isprintable() for shown in lines)
    assert len(lines) < 25
    assert all(lines[:-1])  # no empty line but the end


def test_a_download_shows_bytes_and_a_resumed_one_the_speed_of_what_arrives(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with download_bar("mpnet") as show:
        show(40 * MEGABYTE, 100 * MEGABYTE)
        clock[0] += 10
        show(60 * MEGABYTE, 100 * MEGABYTE)
        clock[0] += 20
        show(100 * MEGABYTE, 100 * MEGABYTE)
    first, second, *_rest, last = capsys.readouterr().err.splitlines()
    assert first == "mpnet:  40% 40.0M/100M [00:00<?, ?B/s]"
    assert second == "mpnet:  60% 60.0M/100M [00:10<00:20, 2.00MB/s]"
    assert last == "mpnet: 100% 100M/100M [00:30<00:00, 2.00MB/s]"


def test_nothing_is_shown_when_nothing_is_downloaded(capsys: pytest.CaptureFixture[str]) -> None:
    with download_bar("mpnet"):
        pass
    assert capsys.readouterr().err == ""


def interrupted(name: str, done: int) -> str:
    """What Ctrl-C says after so many of 100 bytes."""
    try:
        with download_bar(name) as show:
            show(done, 100)
            raise KeyboardInterrupt
    except KeyboardInterrupt as interrupt:
        return str(interrupt)


def test_ctrl_c_in_a_download_ends_its_line_and_says_how_to_go_on(
    make_terminal: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    make_terminal()
    assert interrupted("mpnet", 40) == "mpnet is not complete yet. Run the same command again: it goes on from here."
    assert interrupted("complete", 100) == ""
    lines = capsys.readouterr().err.split("\n")
    assert [line.rpartition("\r")[2][:5] for line in lines] == ["mpnet", "compl", ""]


def test_a_terminal_shows_a_bar_that_is_as_wide_as_it_is(
    clock: list[float], make_terminal: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    make_terminal()
    work(clock, 30)
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert shown.endswith("\n")
    states = shown.removesuffix("\n").split("\r")
    assert states[0] == ""
    assert states[1].startswith("encoding:  10%|")
    assert "texts/s]" in states[1]
    assert states[-1].startswith("encoding: 100%|█")
    assert len(states) > 50
    assert {columns(state) for state in states[1:]} == {WIDTH - 1}  # a full line would wrap


def test_a_terminal_that_does_not_know_its_size_shows_numbers(
    clock: list[float], make_terminal: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    make_terminal(0, 0)
    work(clock, 5)
    first, *_states, last = capsys.readouterr().err.removeprefix("\r").rstrip().split("\r")
    assert first.startswith("encoding:  60% 600/1.00k [00:03<")
    assert last == "encoding: 100% 1.00k/1.00k [00:05<00:00, 200 texts/s]"


def test_a_name_of_wide_letters_does_not_overflow_a_terminal(
    make_terminal: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    make_terminal()
    for name in (CHINESE, 5 * CHINESE):
        with download_bar(name) as show:
            show(0, 100 * MEGABYTE)
            show(100 * MEGABYTE, 100 * MEGABYTE)
    states = [state for line in capsys.readouterr().err.split("\n") for state in line.split("\r") if state]
    assert all(CHINESE in state for state in states)
    assert WIDTH - 2 < max(map(columns, states)) <= WIDTH


def test_a_place_in_the_queue_vanishes_from_a_terminal_when_it_is_the_runs_turn(
    clock: list[float], make_terminal: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    make_terminal()
    line = WaitingLine()
    for second in range(10):
        clock[0] += 1
        line.show(Place(2, 45.0 - second))
    line.close()
    *states, hidden, end = capsys.readouterr().err.split("\r")
    assert states[1] == "waiting: number 2 in the queue, starts in about 42 s"
    assert (hidden.strip(), end) == ("", "")
    line.show(Place(1, None))  # it may wait again
    line.close()


def test_a_place_in_the_queue_is_a_line_every_ten_seconds_on_a_pipe(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    line = WaitingLine()
    for second in range(25):
        line.show(Place(2, 60.0 - second))
        clock[0] += 1
    line.close()
    assert capsys.readouterr().err.splitlines() == [
        "waiting: number 2 in the queue, starts in about 50 s",
        "waiting: number 2 in the queue, starts in about 40 s",
    ]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place(1, 0.0), "waiting: next in the queue"),
        (Place(1, None), "waiting: next in the queue"),
        (Place(2, 45.0), "waiting: number 2 in the queue, starts in about 45 s"),
        (Place(12, 600.0), "waiting: number 12 in the queue, starts in about 10 min"),
        (Place(99, 20_000.0), "waiting: number 99 in the queue, starts in about 5.6 h"),
    ],
)
def test_a_place_in_words(place: Place, words: str) -> None:
    assert in_words(place) == words

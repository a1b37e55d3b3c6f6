from types import SimpleNamespace

import pytest

from simcse_core.commands.progress_line import describe, progress_line


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets."""
    now = [100.0]
    monkeypatch.setattr("simcse_core.commands.progress_line.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def work(clock: list[float], seconds: int) -> None:
    """A thousand texts in so many seconds; reports every tenth of a second."""
    start = clock[0]
    with progress_line("encoding") as show:
        for tenth in range(1, 10 * seconds + 1):
            clock[0] = start + tenth / 10
            show(1_000 * tenth // (10 * seconds), 1_000)


def test_short_work_shows_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    work(clock, 2)
    assert capsys.readouterr().err == ""


def test_long_work_prints_a_line_every_ten_seconds(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    work(clock, 25)
    assert capsys.readouterr().err.splitlines() == [
        "encoding  120/1,000 texts  40 texts/s  22 s left",
        "encoding  520/1,000 texts  40 texts/s  12 s left",
        "encoding  920/1,000 texts  40 texts/s  2 s left",
        "encoding  1,000/1,000 texts  40 texts/s",
    ]


def test_an_estimate_that_equals_what_is_done_is_not_the_end(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_line("reading") as show:
        clock[0] += 5
        for done in range(1, 1_000):
            show(done, done)
    assert capsys.readouterr().err.splitlines() == [
        "reading  1/1 texts  0 texts/s",
        "reading  999/999 texts  200 texts/s",
    ]


def test_on_a_terminal_one_line_is_rewritten(
    clock: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    work(clock, 5)
    err = capsys.readouterr().err
    assert err.startswith("\rencoding  600/1,000 texts  200 texts/s  2 s left\rencoding  640")
    assert err.rstrip(" \n").endswith("\rencoding  1,000/1,000 texts  200 texts/s")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("done", "total", "seconds", "expected"),
    [
        (0, None, 0.0, "reading  0 texts"),
        (1_000, None, 2.0, "reading  1,000 texts  500 texts/s"),
        (12_000, 100_000, 24.0, "reading  12,000/100,000 texts  500 texts/s  3 min left"),
        (1_000, 10_000_000, 2.0, "reading  1,000/10,000,000 texts  500 texts/s  5.6 h left"),
    ],
)
def test_a_line_tells_the_pace_and_the_time_left(done: int, total: int | None, seconds: float, expected: str) -> None:
    assert describe("reading", done, total, seconds) == expected

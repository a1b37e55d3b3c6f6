"""Who is next at the encoder; no model is needed to know."""

import threading
import time
from collections.abc import Callable

import pytest
from streamlit.runtime.state import SafeSessionState, SessionState

from ui.shared.turns import (
    KEEPS_PLACE_SECONDS,
    LETS_PASS_SECONDS,
    TOKENS_A_SECOND,
    Results,
    Turn,
    Turns,
    leave_if_outdated,
    parts,
    tokens_in,
)

SECONDS = 10


class OutdatedError(Exception):
    """A newer run of the page has begun."""


def nobody_minds() -> None:
    """Everybody still wants the result."""


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def turns(now: list[float]) -> Turns:
    return Turns(clock=lambda: now[0])


def in_line(turns: Turns, count: int) -> None:
    deadline = time.monotonic() + SECONDS
    while turns.waiting != count:
        assert time.monotonic() < deadline, f"{turns.waiting} are waiting, not {count}"
        time.sleep(0.001)


class Line:
    """Threads that come to the line one after the other, and the order in which they have their turns."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self._threads = turns, list[threading.Thread]()
        self.order: list[str] = []

    def come(self, name: str, tokens: int, still_wanted: Callable[[], None] = nobody_minds, who: str = "") -> None:
        before = self._turns.waiting

        def wait() -> None:
            try:
                with self._turns.turn(tokens, still_wanted, who):
                    self.order.append(name)
            except OutdatedError:
                self.order.append(f"{name} has left")

        self._threads.append(threading.Thread(target=wait))
        self._threads[-1].start()
        in_line(self._turns, before + 1)

    def end(self) -> list[str]:
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive()
        return self.order


@pytest.fixture
def line(turns: Turns) -> Line:
    return Line(turns)


def test_small_requests_come_first_and_equal_ones_as_they_came(turns: Turns, line: Line, now: list[float]) -> None:
    with turns.turn(1, nobody_minds):
        for name, tokens in (("bulk", 200_000), ("page", 5_000), ("word", 20), ("other word", 20)):
            line.come(name, tokens)
            now[0] += 0.001
    assert line.end() == ["word", "other word", "page", "bulk"]


def test_who_types_on_has_the_place_of_before(turns: Turns, line: Line, now: list[float]) -> None:
    def outdated() -> None:
        raise OutdatedError

    with turns.turn(1, nobody_minds):
        for _key in range(20):  # each new text outdates the one before, long before its turn
            with pytest.raises(OutdatedError), turns.turn(20, outdated, "typist"):
                pass
            now[0] += 0.5
        line.come("other", 20)
        line.come("typist", 20, who="typist")
    assert line.end() == ["typist", "other"]
    with turns.turn(1, nobody_minds):
        with pytest.raises(OutdatedError), turns.turn(20, outdated, "typist"):
            pass
        now[0] += KEEPS_PLACE_SECONDS + 1  # and has gone away
        line.come("third", 20)
        line.come("late typist", 20, who="typist")
    assert line.end()[2:] == ["third", "late typist"]


def test_nobody_waits_for_ever(turns: Turns, line: Line, now: list[float]) -> None:
    with turns.turn(1, nobody_minds):
        line.come("bulk", 10**9)
        now[0] += LETS_PASS_SECONDS + 0.1
        line.come("word", 20)
    assert line.end() == ["bulk", "word"]


def test_a_large_request_lets_a_small_one_pass_between_its_batches(turns: Turns, line: Line) -> None:
    with turns.turn(100 * TOKENS_A_SECOND, nobody_minds) as turn:
        turn.give_way(99 * TOKENS_A_SECOND)  # nobody is there
        line.come("word", 20)
        line.come("outdated word", 20)
        assert line.order == []
        turn.give_way(98 * TOKENS_A_SECOND)
        assert set(line.order) == {"word", "outdated word"}
    line.end()


def test_two_large_requests_take_turns(turns: Turns) -> None:
    order: list[str] = []

    def work(name: str) -> None:
        with turns.turn(100_000, nobody_minds) as turn:
            for left in (2, 1, 0):
                order.append(name)
                turn.give_way(left * 50_000)

    with turns.turn(1, nobody_minds):
        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        for number, thread in enumerate(threads, 1):
            thread.start()
            in_line(turns, number)
    for thread in threads:
        thread.join(SECONDS)
    assert "".join(order) == "ababab"


def test_who_no_longer_wants_the_result_leaves_the_line_and_the_turn(turns: Turns, line: Line) -> None:
    outdated = threading.Event()

    def still_wanted() -> None:
        if outdated.is_set():
            raise OutdatedError

    with turns.turn(1, nobody_minds):
        line.come("old", 20, still_wanted)
        line.come("new", 20)
        outdated.set()
        in_line(turns, 1)
    assert line.end() == ["old has left", "new"]
    with pytest.raises(OutdatedError), turns.turn(20, still_wanted) as turn:
        turn.give_way(10)
    with turns.turn(20, nobody_minds):
        pass  # it is free


def test_who_leaves_while_others_pass_does_not_take_their_turn_away(turns: Turns) -> None:
    passed, may_end = threading.Event(), threading.Event()

    def still_wanted() -> None:
        if passed.is_set():
            raise OutdatedError

    def other() -> None:
        with turns.turn(20, nobody_minds):
            passed.set()
            may_end.wait(SECONDS)

    thread = threading.Thread(target=other)

    def begin() -> None:
        with turns.turn(100_000, still_wanted) as turn:
            thread.start()
            in_line(turns, 1)
            turn.give_way(90_000)

    with pytest.raises(OutdatedError):
        begin()
    next_one = threading.Thread(target=lambda: turns.wait(20, nobody_minds))
    next_one.start()
    in_line(turns, 1)  # the other one still has its turn
    may_end.set()
    for ending in (thread, next_one):
        ending.join(SECONDS)
        assert not ending.is_alive()


def test_a_result_is_computed_once_and_seen_without_a_turn(turns: Turns) -> None:
    results: Results[str] = Results(2, turns)
    computed: list[str] = []

    def compute(name: str) -> Callable[[Turn], str]:
        return lambda _turn: computed.append(name) or name.upper()  # type: ignore[func-returns-value]

    first = threading.Thread(target=results.get, args=("a", 1, compute("a")))
    with turns.turn(1, nobody_minds):
        first.start()
        in_line(turns, 1)
        second = threading.Thread(target=results.get, args=("a", 1, compute("a")))
        second.start()
        in_line(turns, 2)
    first.join(SECONDS)
    second.join(SECONDS)
    assert computed == ["a"]
    with turns.turn(1, nobody_minds):
        assert results.get("a", 1, compute("a")) == "A"  # would wait for itself for ever
    assert [results.get(name, 1, compute(name)) for name in "bca"] == ["B", "C", "A"]
    assert computed == ["a", "b", "c", "a"]  # the oldest was forgotten


def test_parts_hold_about_so_many_tokens_and_all_texts_in_their_order() -> None:
    texts = ["a" * 40] * 5 + ["长句子" * 400] + ["", "b"]
    divided = list(parts(texts, tokens=30))
    assert [text for part in divided for text in part] == texts
    assert all(tokens_in(part) <= 30 or len(part) == 1 for part in divided)
    assert tokens_in(["a" * 40]) == 12
    assert list(parts([], tokens=30)) == []


def test_a_run_of_a_page_ends_in_the_line_when_a_newer_one_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit tells a run at each look at its state; the line has to take such a look."""
    is_outdated = threading.Event()

    def stop() -> None:
        if is_outdated.is_set():
            raise OutdatedError

    state = SafeSessionState(SessionState(), yield_callback=stop)
    monkeypatch.setattr("streamlit.runtime.state.session_state_proxy.get_session_state", lambda: state)
    monkeypatch.setattr("ui.shared.turns.get_script_run_ctx", lambda **_options: object())
    leave_if_outdated()
    is_outdated.set()
    with pytest.raises(OutdatedError):
        leave_if_outdated()

"""Turns at the encoder, which uses all cores: one at a time, small requests first, and nobody waits for ever.

A request says how many tokens it still has. It lets others pass between its batches, and comes again as if it had just
arrived. Whoever no longer wants the result leaves the line; who comes back with something newer, as somebody does who
types on, has the place of before.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

TOKENS_A_SECOND = 10_000
"""Encoded by two cores, about."""
LETS_PASS_SECONDS = 3.0
"""However large a request is, it lets pass only what comes within so many seconds after it."""
LOOK_SECONDS = 0.1
"""Between two looks at whether somebody in the line still wants the result."""
KEEPS_PLACE_SECONDS = 5.0
"""A session that left the line and comes back within so many seconds has its old place."""
TOKENS_IN_A_PART = 2_000
"""Encoded between two looks at who else waits: about 0.2 s."""
BYTES_IN_A_TOKEN = 4
"""Of UTF-8: English has four or five letters in a token, Chinese one character of three bytes."""
MOST_TOKENS_IN_A_TEXT = 512
"""Models cut longer ones."""

T = TypeVar("T")


def leave_if_outdated() -> None:
    """End the run of the page here if a newer one has begun or the page was closed; draws nothing."""
    if get_script_run_ctx(suppress_warning=True) is not None:
        st.session_state.get("any")  # a look at the session's state does it


def _session() -> str:
    """Whose run of a page this is; "" outside of one."""
    context = get_script_run_ctx(suppress_warning=True)
    return "" if context is None else context.session_id


def tokens_in(texts: Iterable[str]) -> int:
    """About how many tokens texts have. Counting them exactly would be a tenth of the work of encoding."""
    return sum(_tokens(text) for text in texts)


def parts(texts: Sequence[str], tokens: int = TOKENS_IN_A_PART) -> Iterator[Sequence[str]]:
    """The texts in their order, as many at once as have about so many tokens; at least one."""
    part: list[str] = []
    room = tokens
    for text in texts:
        needed = _tokens(text)
        if part and needed > room:
            yield part
            part, room = [], tokens
        part.append(text)
        room -= needed
    if part:
        yield part


def _tokens(text: str) -> int:
    return 2 + min(len(text.encode("utf-8", "surrogatepass")) // BYTES_IN_A_TOKEN, MOST_TOKENS_IN_A_TEXT)


@dataclass(eq=False)
class _Ticket:
    """A place in the line; the lowest rank is next."""

    rank: float


class Turns:
    """The line of those who wait for something that only one may use at a time.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._line: list[_Ticket] = []
        self._waits: dict[str, tuple[float, float]] = {}  # since when, and when last seen
        self._in_use = False

    @contextmanager
    def turn(
        self, tokens: int, still_wanted: Callable[[], None] = leave_if_outdated, who: str | None = None
    ) -> Iterator["Turn"]:
        """Wait for a turn and have it.

        Args:
            tokens: of the request.
            still_wanted: is called again and again in the line, and whenever others may pass. If it raises, the place
                in the line or the turn is given up.
            who: has the place of before when the last request left the line; None is the page's session, "" nobody.
        """
        turn = Turn(self, still_wanted, _session() if who is None else who)
        turn.begin(tokens)
        try:
            yield turn
        finally:
            turn.end()

    @property
    def waiting(self) -> int:
        """How many are waiting."""
        return len(self._line)

    def wait(self, tokens: int, still_wanted: Callable[[], None], who: str = "") -> None:
        """Stand in the line; at its end the turn is taken."""
        with self._changed:
            ticket = _Ticket(self._since(who) + min(tokens / TOKENS_A_SECOND, LETS_PASS_SECONDS))
            self._line.append(ticket)
        try:
            while not self._take(ticket):
                still_wanted()
            with self._changed:
                self._waits.pop(who, None)
        finally:
            with self._changed:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _since(self, who: str) -> float:
        """Since when somebody waits."""
        now = self._clock()
        recent = {session: times for session, times in self._waits.items() if times[1] > now - KEEPS_PLACE_SECONDS}
        since, _last_seen = recent.get(who, (now, now))
        self._waits = {**recent, who: (since, now)} if who else recent
        return since

    def _take(self, ticket: _Ticket) -> bool:
        """Take the turn if it is free and this place is next; else wait a little."""
        with self._changed:
            is_next = ticket is min(self._line, key=lambda waiting: waiting.rank)
            if is_next and not self._in_use:
                self._in_use = True
                return True
            self._changed.wait(LOOK_SECONDS)
            return False

    def release(self) -> None:
        """The turn is over."""
        with self._changed:
            self._in_use = False
            self._changed.notify_all()


class Turn:
    """A turn that somebody has."""

    def __init__(self, turns: Turns, still_wanted: Callable[[], None], who: str) -> None:
        self._turns, self._still_wanted, self._who = turns, still_wanted, who
        self._has_turn = False

    def begin(self, tokens: int) -> None:
        """Wait for it."""
        self._turns.wait(tokens, self._still_wanted, self._who)
        self._has_turn = True

    def end(self) -> None:
        """Give it back, if it is not given back already."""
        if self._has_turn:
            self._has_turn = False
            self._turns.release()

    def give_way(self, tokens: int) -> None:
        """Between two batches: whoever is next has a turn before this one goes on.

        Args:
            tokens: that are left to do.
        """
        self._still_wanted()
        if self._turns.waiting:
            self.end()
            self.begin(tokens)


class Results(Generic[T]):
    """What was computed at the encoder, by a key; the ones that were not used for the longest time are forgotten.

    Each is computed once, by whoever has the turn. Who only wants to see it needs no turn.

    Args:
        most: kept at once.
        turns: the line.
    """

    def __init__(self, most: int, turns: Turns) -> None:
        self._most, self._turns = most, turns
        self._results: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, tokens: int, compute: Callable[[Turn], T]) -> T:
        """The result of a key.

        Args:
            key: all that the result depends on.
            tokens: of the request, if it has to be computed.
            compute: may let others pass with the turn it receives.
        """
        if (result := self._look_up(key)) is not None:
            return result
        with self._turns.turn(tokens) as turn:
            if (result := self._look_up(key)) is not None:  # somebody else was faster
                return result
            result = compute(turn)
            with self._lock:
                self._results[key] = result
                while len(self._results) > self._most:
                    self._results.popitem(last=False)
        return result

    def _look_up(self, key: Hashable) -> T | None:
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

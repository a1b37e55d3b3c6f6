"""How far work is, on stderr: a bar of tqdm in a terminal or a notebook, elsewhere a line now and then."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from simcse_core.plain import short_line

if TYPE_CHECKING:
    from simcse_core.runs.schedule import Place

SHORT = 3.0
"""Seconds. Nothing is shown for work that ends sooner; the size of a download is shown at once."""
SECONDS_BETWEEN_LINES = 10.0
TEXT_ONLY = "{desc}"
NOTEBOOK_COLUMNS = 100
SOME_ROWS = 20
"""Of a terminal without a size: tqdm shows nothing where it reads that there are 0."""

tqdm.monitor_interval = 0  # no thread besides: `encoding.foreign_errors` silences stderr only where it is alone


class _Lines:
    """Stderr where nothing can be rewritten: what tqdm rewrites becomes a line of its own."""

    last = ""

    def write(self, text: str) -> None:
        line = text.strip()  # without "\r", the spaces that hide an older text, and the end of the bar
        if line and line != self.last:
            print(line, file=sys.stderr)
            self.last = line

    def flush(self) -> None:
        sys.stderr.flush()


def _bar(text: str, unit: str = "", *, total: int | None = None, done: int = 0, delay: float = SHORT,
         form: str | None = None) -> Any:  # fmt: skip
    """A bar, or lines in its place. It ends with the last state; one that is text only vanishes.

    Args:
        text: in front of the bar; of any content.
        unit: what is counted.
        total: None when that is not known.
        done: what is there before the work starts: it does not count for the speed.
        delay: seconds until something is shown.
        form: of the line; None is tqdm's own, with count, speed and time left.
    """
    is_notebook = _is_notebook()
    rewrites = sys.stderr.isatty() or is_notebook
    is_measured = rewrites and not is_notebook and _has_width()
    return tqdm(
        desc=short_line(text),
        unit=unit,
        unit_scale=True,
        total=total,
        initial=done,
        delay=delay,
        bar_format=form,
        leave=form is None,
        file=sys.stderr if rewrites else _Lines(),
        dynamic_ncols=is_measured,
        ncols=None if is_measured else NOTEBOOK_COLUMNS if is_notebook else 0,  # 0: the numbers without a bar
        nrows=SOME_ROWS,
        mininterval=0.2 if rewrites else SECONDS_BETWEEN_LINES,
        miniters=0,  # the time decides alone
        position=0,
    )


def _is_notebook() -> bool:
    """Whether stderr is a notebook's, which rewrites a line as a terminal does; no widgets are needed."""
    return type(sys.stderr).__module__.partition(".")[0] == "ipykernel"


def _has_width() -> bool:
    """Whether the terminal says how wide it is; one in a container or a script may say 0."""
    with suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    return False


@contextmanager
def texts_bar(verb: str, unit: str = " texts") -> Iterator[Callable[[int, int | None], None]]:
    """Show how many texts are done.

    Args:
        verb: what happens to them.
        unit: what they are, if not texts.

    Yields:
        What to call with (texts done, texts in all or None when that is not known).
    """
    with _bar(verb, unit) as bar:

        def show(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


@contextmanager
def download_bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """Show a download, also one that goes on. Nothing is shown when nothing is downloaded.

    Args:
        name: of what is downloaded.

    Yields:
        What to call with (bytes done, bytes in all).

    Raises:
        KeyboardInterrupt: as it came, with a message that says how to go on.
    """
    bar: Any = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = _bar(name, "B", total=total, done=done, delay=0)
        bar.update(done - bar.n)

    try:
        yield show
    except KeyboardInterrupt:
        if bar is None or bar.n >= bar.total:
            raise
        raise KeyboardInterrupt(
            f"{name} is not complete yet. Run the same command again: it goes on from here."
        ) from None
    finally:
        if bar is not None:
            bar.close()


@contextmanager
def training_bar(text: str, *, shown: bool = True) -> Iterator[Callable[[int, int, str], None]]:
    """Show the steps of a training.

    Args:
        text: what is trained.
        shown: False shows nothing.

    Yields:
        What to call with (steps done, steps planned, latest result in words).
    """
    if not shown:
        yield lambda _done, _total, _result: None
        return
    with _bar(text, " steps", delay=0) as bar:

        def show(done: int, total: int, result: str) -> None:
            bar.total = max(total, done)
            bar.set_postfix_str(short_line(result), refresh=False)
            bar.update(done - bar.n)

        yield show


class WaitingLine:
    """Shows where a run stands in the queue; nothing for a short wait."""

    def __init__(self) -> None:
        self._bar: Any = None

    def show(self, place: "Place") -> None:
        """The place, when it is time for it."""
        if self._bar is None:
            self._bar = _bar("", form=TEXT_ONLY)
        self._bar.set_description_str(in_words(place), refresh=False)
        self._bar.update(0)

    def close(self) -> None:
        """Take the line away: something else is printed from now on."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def in_words(place: "Place") -> str:
    """A place in the queue, with about how long it takes until it is the run's turn.

    Example:
        >>> from simcse_core.runs.schedule import Place
        >>> in_words(Place(3, 130.0))
        'waiting: number 3 in the queue, starts in about 2 min'
    """
    words = "waiting: next in the queue" if place.position == 1 else f"waiting: number {place.position} in the queue"
    if place.seconds is None or place.seconds < 1:
        return words
    return f"{words}, starts in about {_duration(place.seconds)}"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6_000 else f"{seconds / 3_600:.1f} h"

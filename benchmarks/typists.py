"""Users of the page Similarity who keep putting new sentences into its text area: light ones, and one in a browser."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

from playwright.async_api import Browser, Page, Playwright, async_playwright
from playwright.async_api import Error as BrowserError
from websockets.exceptions import ConnectionClosed, WebSocketException

from benchmarks.streamlit_client import Placed, Received, StreamlitClient, ended_well, problem
from tests.install_chromium import find

PAGE, QUERY = "similarity", "language=en"
COMPONENT, STATE = "simcse_typing_area", "text"
CANVAS, CELLS = "simcse_matrix_view", "simcse_matrix_cells"
OPEN_SECONDS = 120
BEGINNING = 20
"""So many letters of a sentence are enough to recognise it."""

_IN_PAGE = Path(__file__).parent / "typist.js"
_IDLE = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
_AREA, _HEATMAP = ".typing-area textarea", ".matrix-view[data-painted]"
_ERRORS = "[data-testid=stException], [data-testid=stAlertContentError]"


@dataclass
class Sending:
    """Sentences that were sent, and after how many seconds something came of them; None as long as nothing has.

    Later sentences may overtake them: then it is their heatmap that ends the waiting.
    """

    sentences: Sequence[str]
    at: float
    late: bool
    """The sentences before were still unanswered."""
    shown: float | None = None
    """The heatmap has arrived."""
    finished: float | None = None
    """The page is complete."""
    painted: float | None = None
    """A browser has painted the heatmap."""
    missed: bool = False
    """The page was complete without the heatmap."""

    @property
    def answered(self) -> bool:
        return self.finished is not None or self.painted is not None

    @property
    def beginnings(self) -> list[str]:
        return [sentence[:BEGINNING] for sentence in self.sentences]


class Typist(Protocol):
    """One user. The methods raise nothing that server or network cause; they note it in `errors`."""

    sendings: list[Sending]
    errors: list[str]
    opened: float | None
    """Seconds until the page was complete for the first time; None when it never was."""

    async def open(self) -> None:
        """Open the page and wait until it is complete."""

    async def send(self, sentences: Sequence[str]) -> None:
        """Put sentences into the text area, whether or not the last ones are answered. Does not wait."""

    async def close(self) -> None:
        """Leave."""


class LightTypist:
    """Sends and reads what a browser does, and draws nothing."""

    def __init__(self, address: str) -> None:
        self.sendings: list[Sending] = []
        self.errors: list[str] = []
        self.opened: float | None = None
        self._client = StreamlitClient(address, PAGE, QUERY)
        self._complete = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        started = time.perf_counter()
        try:
            await self._client.connect()
            self._listening = asyncio.create_task(self._listen())
            await asyncio.wait_for(self._complete.wait(), OPEN_SECONDS)
        except (OSError, HTTPException, WebSocketException) as error:
            self.errors.append(f"the page did not open: {error!r}")
        else:
            self.opened = time.perf_counter() - started

    async def send(self, sentences: Sequence[str]) -> None:
        area = self._area()
        if area is None:
            self.errors.append("there was no text area to type into")
            return
        self.sendings.append(Sending(sentences, time.perf_counter(), _waits(self.sendings)))
        try:
            await self._client.report_component(area, {STATE: "\n".join(sentences)})
        except ConnectionClosed as error:
            self.errors.append(f"sending failed: {error!r}")

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        await self._client.close()

    def _area(self) -> Placed | None:
        return next(iter(self._client.components(COMPONENT)), None)

    def _draws_area(self, fragments: set[str]) -> bool:
        """Whether a run of these fragments, or of the page when there are none, draws the text area."""
        area = self._area()
        return area is not None and fragments <= {area.fragment}

    async def _listen(self) -> None:
        try:
            async for received in self._client.messages():
                self._note(received)
        except ConnectionClosed as error:
            self.errors.append(f"the connection broke: {error!r}")
        else:
            self.errors.append("the server closed the connection")

    def _note(self, received: Received) -> None:
        message, at = received
        if (text := problem(message)) is not None:
            self.errors.append(text)
        component = message.delta.new_element.bidi_component
        if component.component_name == CELLS:
            self._look_at(component.bytes.decode("latin-1"), at)
        elif ended_well(message) and self._draws_area(received.fragments):
            self._finish(at)

    def _look_at(self, cells: str, at: float) -> None:
        """Whether the cells of a heatmap, which begin with its sentences, are those of one that was sent."""
        for newest, sending in reversed(list(enumerate(self.sendings))):
            if sending.shown is None and all(beginning in cells for beginning in sending.beginnings):
                sending.missed = False
                for answered in self.sendings[: newest + 1]:
                    if not answered.missed:
                        answered.shown = answered.shown or at - answered.at
                return

    def _finish(self, at: float) -> None:
        self._complete.set()
        for sending in self.sendings:
            if sending.finished is None and sending.shown is not None:
                sending.finished = at - sending.at
            elif sending.finished is None and not sending.late and not sending.missed:
                sending.missed = True
                self.errors.append("the page was complete without the heatmap of the new sentences")


class BulkUser(LightTypist):
    """Pastes thousands of sentences at once: their heatmap comes on a canvas."""

    async def send(self, sentences: Sequence[str]) -> None:
        await super().send(sentences)
        self._was_drawn = {placed.run for placed in self._client.components(CANVAS)}

    def _finish(self, at: float) -> None:
        self._complete.set()
        drawn = {placed.run for placed in self._client.components(CANVAS)}
        if self.sendings and drawn - self._was_drawn:
            self.sendings[-1].finished = self.sendings[-1].finished or at - self.sendings[-1].at


class BrowserTypist:
    """Chromium: what a user sees. Its times begin with the keystroke and so include the text area's own 0.3 s."""

    def __init__(self, address: str) -> None:
        self.sendings: list[Sending] = []
        self.errors: list[str] = []
        self.opened: float | None = None
        self._address = address
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._page: Page | None = None
        self._typing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        try:
            self._playwright = await async_playwright().start()
            arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
            self._browser = await self._playwright.chromium.launch(executable_path=find(), args=arguments)
            page = await self._browser.new_page(viewport={"width": 1280, "height": 720}, locale="en-GB")
            page.on("pageerror", lambda error: self.errors.append(_first_line(error)))
            await page.add_init_script(path=_IN_PAGE)
            started = time.perf_counter()
            await page.goto(f"{self._address}/{PAGE}?{QUERY}", timeout=OPEN_SECONDS * 1000)
            for needed in (_AREA, _HEATMAP, _IDLE):
                await page.wait_for_selector(needed, timeout=OPEN_SECONDS * 1000)
        except BrowserError as error:
            self.errors.append(f"the page did not open: {_first_line(error)}")
        else:
            self.opened = time.perf_counter() - started
            self._page = page

    async def send(self, sentences: Sequence[str]) -> None:
        if self._page is None:
            return
        sending = Sending(sentences, time.perf_counter(), _waits(self.sendings))
        self.sendings.append(sending)
        task = asyncio.create_task(self._type(self._page, sending))
        self._typing.add(task)
        task.add_done_callback(self._typing.discard)

    async def close(self) -> None:
        for task in self._typing:
            task.cancel()
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()

    async def _type(self, page: Page, sending: Sending) -> None:
        try:
            milliseconds = await page.evaluate(
                "([sentences, beginnings]) => typist.send(sentences, beginnings)",
                [sending.sentences, sending.beginnings],
            )
            self.errors.extend(await page.locator(_ERRORS).all_inner_texts())
        except BrowserError as error:
            sending.missed = True
            self.errors.append(_first_line(error))
        else:
            sending.painted = milliseconds / 1000


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _waits(sendings: Sequence[Sending]) -> bool:
    """Whether a user still waits for an answer to the last sending."""
    return bool(sendings) and not sendings[-1].answered and not sendings[-1].missed

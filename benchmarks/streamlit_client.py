"""A light Streamlit client: one session of one page, as a browser holds it, but nothing is drawn.

It speaks the protocol of the installed Streamlit over its websocket: `BackMsg` out, `ForwardMsg` in. Read in Streamlit
1.67, and compared with what Chromium sends:

- `GET /_stcore/health` sets the XSRF cookie; the socket's subprotocols are `streamlit` and that cookie's value.
- The first `rerun_script` names the page and the query string; later ones the `page_script_hash` of `navigation`.
- A widget's state is sent by its id, the state of a components-v2 component as JSON; a widget in a fragment reruns the
  fragment only.
- A big message that came before comes again as a `ref_hash`; the client tells with every rerun which ones it still has.
- `page_info_changed` is a new query string, `auto_rerun` a fragment that wants to be run every few seconds.

One difference: a browser repeats the untouched widgets' values with every rerun; here only states that were reported
are sent, and the server takes its own values for all others.
"""

# ruff: noqa: TID251 - this is a screen, of a kind

import asyncio
import http.client
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.AutoRerun_pb2 import AutoRerun
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState, ContextInfo
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg, RunIdentity
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

CONNECT_SECONDS = 60
"""A server under load may take its time to answer a new connection."""

_COOKIE = "_streamlit_xsrf"
_NO_TOKEN = "PLACEHOLDER_AUTH_TOKEN"  # what a browser sends when there is no cookie


class Received(NamedTuple):
    """A message from the server; references to earlier messages are resolved."""

    message: ForwardMsg
    at: float
    """`time.perf_counter()` when it had arrived."""

    @property
    def fragments(self) -> set[str]:
        """Ids of the fragments that the message's run draws; empty when it draws the whole page."""
        return set(self.message.metadata.run.fragment_ids)


@dataclass(frozen=True)
class Placed:
    """An element where it stands on the page."""

    element: Element
    fragment: str
    """Id of the fragment that drew it; empty when the page did."""
    run: str
    """Id of the run that drew it last."""

    @property
    def widget(self) -> str:
        """Id of the widget; empty when it is none."""
        return str(getattr(getattr(self.element, self.element.WhichOneof("type") or "", None), "id", ""))


class StreamlitClient:
    """An open page: `connect`, iterate over `messages`, answer with `report`, `close`.

    Args:
        address: of the server, such as http://127.0.0.1:8501.
        page: its path without the slash; empty is the start page.
        query: what stands behind the question mark.
    """

    def __init__(self, address: str, page: str = "", query: str = "") -> None:
        self.address, self.page, self.query = address, page, query
        self.elements: dict[tuple[int, ...], Placed] = {}
        """What stands on the page, by its place in the tree."""
        self._socket: ClientConnection | None = None
        self._states: dict[str, WidgetState] = {}
        self._known = _KnownMessages()
        self._run = RunIdentity()
        self._page_script_hash = ""
        self._timers: dict[str, asyncio.Task[None]] = {}

    async def connect(self) -> None:
        """Open the page, as its address typed into a browser does.

        Raises:
            OSError, HTTPException, WebSocketException: there is no such server, or it refuses.
        """
        token = await asyncio.to_thread(_xsrf_token, self.address)
        self._socket = await connect(
            f"ws{self.address.removeprefix('http')}/_stcore/stream",
            origin=Origin(self.address),
            subprotocols=[Subprotocol("streamlit"), Subprotocol(token or _NO_TOKEN)],
            additional_headers={"Cookie": f"{_COOKIE}={token}"} if token else None,
            open_timeout=CONNECT_SECONDS,
            ping_interval=None,  # the server pings, as it does browsers
            max_size=None,
            proxy=None,
        )
        await self.rerun()

    async def close(self) -> None:
        for fragment in list(self._timers):
            self._stop_timer(fragment)
        if self._socket is not None:
            await self._socket.close()

    async def messages(self) -> AsyncIterator[Received]:
        """All messages as they come, until the connection ends.

        Raises:
            ConnectionClosed: it broke.
        """
        assert self._socket is not None, "connect first"
        async for data in self._socket:
            at = time.perf_counter()
            assert isinstance(data, bytes)
            message = self._known.resolved(ForwardMsg.FromString(data))
            self._take_in(message)
            yield Received(message, at)

    async def report(self, placed: Placed, state: WidgetState) -> None:
        """Tell the server a widget's new state, which reruns the page or the widget's fragment."""
        there = {other.widget for other in self.elements.values()}
        self._states = {widget: kept for widget, kept in self._states.items() if widget in there}
        self._states[state.id] = state
        await self.rerun(placed.fragment)

    async def report_component(self, placed: Placed, state: Mapping[str, Any]) -> None:
        """Tell the server the state of a components-v2 component, all names of it."""
        await self.report(placed, WidgetState(id=placed.widget, json_value=json.dumps(state)))

    async def rerun(self, fragment: str = "", *, by_timer: bool = False) -> None:
        """Ask the server to run the page, or one of its fragments."""
        state = ClientState(
            query_string=self.query,
            page_name="" if self._page_script_hash else self.page,
            page_script_hash=self._page_script_hash,
            fragment_id=fragment,
            is_auto_rerun=by_timer,
            widget_states=WidgetStates(widgets=self._states.values()),
            cached_message_hashes=self._known.hashes(),
            context_info=ContextInfo(
                timezone="UTC",
                locale="en-GB",
                url=f"{self.address}/{self.page}",
                is_embedded=False,
                color_scheme="light",
            ),
        )
        assert self._socket is not None, "connect first"
        await self._socket.send(BackMsg(rerun_script=state).SerializeToString())

    def components(self, name: str) -> list[Placed]:
        """The components of this name (`st.components.v2.component`) that stand on the page."""
        return [placed for placed in self.elements.values() if placed.element.bidi_component.component_name == name]

    def _take_in(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "new_session":
                self._begin_run(message)
            case "navigation":
                self._page_script_hash = message.navigation.page_script_hash
            case "delta":
                self._place(message)
            case "script_finished" if ended_well(message):
                self._end_run(message)
            case "page_info_changed":
                self.query = message.page_info_changed.query_string
            case "auto_rerun":
                self._start_timer(message.auto_rerun)
            case "stop_auto_rerun":
                for fragment in message.stop_auto_rerun.fragment_ids:
                    self._stop_timer(fragment)

    def _begin_run(self, message: ForwardMsg) -> None:
        self._run = message.metadata.run
        self._known.runs_kept = message.new_session.config.max_cached_message_age
        if not self._run.fragment_ids:
            for fragment in list(self._timers):
                self._stop_timer(fragment)

    def _place(self, message: ForwardMsg) -> None:
        place = tuple(message.metadata.delta_path)
        if message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            self.elements[place] = Placed(element, message.delta.fragment_id, self._run.script_run_id)
        elif message.delta.WhichOneof("type") == "add_block":
            self.elements.pop(place, None)

    def _end_run(self, message: ForwardMsg) -> None:
        """What the run could have drawn and did not draw is gone."""
        run = message.metadata.run
        self.elements = {
            place: placed
            for place, placed in self.elements.items()
            if placed.run == run.script_run_id or (run.fragment_ids and placed.fragment not in run.fragment_ids)
        }
        self._known.count_run()

    def _start_timer(self, wish: AutoRerun) -> None:
        async def repeat() -> None:
            with suppress(ConnectionClosed):
                while True:
                    await asyncio.sleep(wish.interval)
                    await self.rerun(wish.fragment_id, by_timer=True)

        self._stop_timer(wish.fragment_id)
        self._timers[wish.fragment_id] = asyncio.create_task(repeat())

    def _stop_timer(self, fragment: str) -> None:
        if (timer := self._timers.pop(fragment, None)) is not None:
            timer.cancel()


def ended_well(message: ForwardMsg) -> bool:
    """Whether the message says that the page, or a fragment of it, was drawn to the end."""
    return message.HasField("script_finished") and message.script_finished in (
        ForwardMsg.FINISHED_SUCCESSFULLY,
        ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
    )


def problem(message: ForwardMsg) -> str | None:
    """What went wrong, when the message shows an error to the user: an exception, an error box, no such page."""
    match message.WhichOneof("type"):
        case "delta":
            return _problem_on_page(message.delta.new_element)
        case "script_finished" if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            return "the page does not compile"
        case "session_event" if message.session_event.HasField("script_compilation_exception"):
            return message.session_event.script_compilation_exception.message
        case "page_not_found":
            return f"there is no page {message.page_not_found.page_name!r}"
    return None


def _problem_on_page(element: Element) -> str | None:
    match element.WhichOneof("type"):
        case "exception" if not element.exception.is_warning:
            return f"{element.exception.type}: {element.exception.message}"
        case "alert" if element.alert.format == Alert.ERROR:
            return element.alert.body
    return None


@dataclass
class _KnownMessages:
    """Big messages, kept for as many runs as the server asks for, so that it need not send them again."""

    runs_kept: int = 0
    _messages: dict[str, ForwardMsg] = field(default_factory=dict)
    _used: dict[str, int] = field(default_factory=dict)
    _runs: int = 0

    def resolved(self, message: ForwardMsg) -> ForwardMsg:
        """The message, or the one it refers to at the place where it is wanted now."""
        if message.metadata.cacheable:
            self._messages[message.hash] = message
            self._used[message.hash] = self._runs
        if not message.HasField("ref_hash"):
            return message
        self._used[message.ref_hash] = self._runs
        full = ForwardMsg()
        full.CopyFrom(self._messages[message.ref_hash])
        full.metadata.CopyFrom(message.metadata)
        return full

    def count_run(self) -> None:
        self._runs += 1
        for hash_ in [hash_ for hash_, used in self._used.items() if self._runs - used > self.runs_kept]:
            del self._messages[hash_], self._used[hash_]

    def hashes(self) -> list[str]:
        return list(self._messages)


def _xsrf_token(address: str) -> str | None:
    """The value of the cookie that the server sets; None when it protects nothing."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=CONNECT_SECONDS)
    try:
        connection.request("GET", "/_stcore/health")
        cookies = SimpleCookie(connection.getresponse().getheader("Set-Cookie", ""))
    finally:
        connection.close()
    return cookies[_COOKIE].value if _COOKIE in cookies else None

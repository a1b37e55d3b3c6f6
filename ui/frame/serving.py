"""Checks before a page is served: which hosts may ask this server, and who may show it in a frame.

Streamlit compares the origin of a connection with the server's own address, which it asks the internet for. Here a
foreign origin is refused before that, so nothing is asked; and a name that is not this machine's is refused, because
any web page can let a name of its own point here.
"""

import json
import os
import re
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from html import escape
from ipaddress import ip_address
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import psutil
import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from simcse_core.errors import OptionError
from simcse_core.limits import limits
from ui.frame.uploads import MEGABYTE

EMBED_IN = "SIMCSE_EMBED_IN"
"""Names the origins whose pages may show the app in a frame, such as `https://moodle.school.org`; spaces between."""

_FRONTEND = Path(__file__).parent / "frontend"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.*:\[\]-]+")
_POLICY_VIOLATION = 1008
_UPLOAD = "/_stcore/upload_file/"
_BUNDLE = re.compile(rb'filename="[^"\r\n]*\.zip"', re.IGNORECASE)
_IN_FRAME = b"simcse-in-frame"
"""In the address of a page that has noticed that it is in a frame of another host."""
_AROUND_A_FILE = 4_096
"""Bytes of the form that an upload is wrapped in, at most."""


def middleware() -> list[Middleware]:
    """For `st.App`, the outermost first. The server does not start with a setting that is wrong, and says why."""
    try:
        origins = embed_in()
    except OptionError as error:
        raise SystemExit(str(error)) from None
    names = machine_names()
    if st.get_option("server.allowedHosts"):
        # Streamlit would then refuse addresses and the machine's own names, which are safe.
        config.set_option("server.allowedHosts", ["*"])
    return [
        Middleware(Gate, names=names),
        Middleware(UploadLimit),
        Middleware(Frames, embed_in=origins),
        Middleware(Head),
    ]


def embed_in() -> tuple[str, ...]:
    """The origins that may show the app in a frame.

    Raises:
        OptionError: one is no origin.
    """
    origins = tuple(os.environ.get(EMBED_IN, "").replace(",", " ").split())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise OptionError(
                "{variable} has {given!r}: write origins such as https://moodle.school.org, with spaces between.",
                variable=EMBED_IN,
                given=origin,
            )
    return origins


class Gate:
    """Refuses names that are not this machine's, and connections that a page of another host has opened."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if scope["type"] == "websocket":
            if names_this_machine(host, self._names) and (origin is None or is_trusted_origin(origin, host)):
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        elif names_this_machine(host, self._names):
            await self._app(scope, receive, send)
        else:
            name = _name_of(host) or host
            text = f"This server does not answer to the name {name!r}. Open it by its address, or start it with "
            await PlainTextResponse(f"{text}--server.allowedHosts {name}\n", 421)(scope, receive, send)


def names_this_machine(host: str, names: Sequence[str]) -> bool:
    """Whether a Host header names this machine: by an address, or by one of its names."""
    name = _name_of(host)
    if not name:
        return False
    try:
        ip_address(name)
    except ValueError:
        return any(_matches(name, pattern) for pattern in names)
    return True  # nobody can let an address of this machine point anywhere else


def is_trusted_origin(origin: str, host: str) -> bool:
    """Whether a connection to a host was opened by a page of the same host, of this machine, or of a trusted one."""
    try:
        parts = urlsplit(origin)
        trusted = [urlsplit(allowed.strip()).hostname or "" for allowed in st.get_option("server.corsAllowedOrigins")]
    except ValueError:
        return False
    if not parts.netloc:
        return False
    trusted_hosts = ("localhost", "127.0.0.1", "::1", st.get_option("browser.serverAddress"), *trusted)
    return parts.netloc == host or not st.get_option("server.enableCORS") or parts.hostname in trusted_hosts


def machine_names() -> list[str]:
    """The names of this machine, and those that are configured; `*.` in front stands for any subdomain."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    configured = [*st.get_option("server.allowedHosts"), st.get_option("browser.serverAddress")]
    return ["localhost", name, short, f"{short}.local", *(str(host).strip().lower() for host in configured if host)]


def _matches(name: str, pattern: str) -> bool:
    """Patterns as in Streamlit's `server.allowedHosts`."""
    return pattern == "*" or name == pattern.rstrip(".") or (pattern.startswith("*.") and name.endswith(pattern[1:]))


def _name_of(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        _port = parts.port
    except ValueError:
        return None
    return None if "@" in host or parts.path or parts.query or parts.fragment else (parts.hostname or "").rstrip(".")


class UploadLimit:
    """Refuses uploads over the limit before they are read: only bundles may be larger than texts and tables.

    Streamlit has one limit for all uploaders, and leaves the limit of each to the browser.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_upload = scope["type"] == "http" and scope["method"] == "PUT" and _UPLOAD in scope["path"]
        if not is_upload:
            await self._app(scope, receive, send)
            return
        if "transfer-encoding" in Headers(scope=scope):
            await PlainTextResponse("An upload has to say how long it is.\n", 411)(scope, receive, send)
            return
        length, most = Headers(scope=scope).get("content-length", ""), limits().max_file_megabytes
        if not (length.isascii() and length.isdecimal() and len(length) < 20):
            await PlainTextResponse("An upload has to say how long it is.\n", 411)(scope, receive, send)
            return
        if int(length) <= most * MEGABYTE + _AROUND_A_FILE:
            await self._app(scope, receive, send)
            return
        first = [await receive()]
        while sum(len(message.get("body", b"")) for message in first) < _AROUND_A_FILE and first[-1].get("more_body"):
            first.append(await receive())
        if not _BUNDLE.search(b"".join(message.get("body", b"") for message in first)[:_AROUND_A_FILE]):
            text = f"The file is too large: the limit is {most:,} MB (SIMCSE_MAX_FILE_MEGABYTES).\n"
            await PlainTextResponse(text, 413)(scope, receive, send)
            return

        async def receive_again() -> Message:
            return first.pop(0) if first else await receive()

        await self._app(scope, receive_again, send)


class Frames:
    """Only configured origins show the app in a frame; other frames get a link to it.

    Over plain http browsers do not say that a page is for a frame. There the page itself notices, in `head.js`, and
    asks for the link; a browser that was told to refuse would show an error of its own, which helps nobody.
    """

    def __init__(self, app: ASGIApp, embed_in: tuple[str, ...]) -> None:
        self._app, self._embed_in = app, embed_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_in_frame = headers.get("sec-fetch-dest") in ("iframe", "frame", "embed", "object")
        is_foreign = headers.get("sec-fetch-site") not in ("same-origin", "none", None)
        asks_for_link = _IN_FRAME in scope["query_string"].split(b"&")
        if ((is_in_frame and is_foreign) or asks_for_link) and not self._embed_in:
            await HTMLResponse(_link_page(scope))(scope, receive, send)
            return

        notices_itself = "sec-fetch-dest" not in headers and not self._embed_in

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start" and not notices_itself:
                policy = " ".join(["frame-ancestors 'self'", *self._embed_in])
                response = MutableHeaders(scope=message)
                response["Content-Security-Policy"] = policy
                if not self._embed_in:
                    response["X-Frame-Options"] = "SAMEORIGIN"
            await send(message)

        await self._app(scope, receive, send_with_policy)


def _link_page(scope: Scope) -> str:
    """A page with a link to the same address, in both languages of the interface."""
    query = b"&".join(part for part in scope["query_string"].split(b"&") if part != _IN_FRAME).decode("latin-1")
    link = scope.get("root_path", "") + scope["path"] + (f"?{query}" if query else "")
    return Template((_FRONTEND / "own_window.html").read_text(encoding="utf-8")).substitute(link=escape(link))


class Head:
    """Puts the project's script into the head of Streamlit's page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        script = (_FRONTEND / "head.js").read_text(encoding="utf-8")
        script = script.replace("IS_EMBEDDABLE", json.dumps(bool(embed_in())))
        self._script = f"<script>\n{script}</script></head>".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", ""):
            # Uncompressed, so that it can be changed: the page has 10 kB, all else is loaded by its scripts.
            plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            scope = {**scope, "headers": plain}
            send = _Rewritten(send, lambda page: page.replace(b"</head>", self._script, 1))
        await self._app(scope, receive, send)


class _Rewritten:
    """Sends a response on; an HTML page is changed first."""

    def __init__(self, send: Send, change: Callable[[bytes], bytes]) -> None:
        self._send, self._change = send, change
        self._start: Message | None = None
        self._body: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_plain_page(Headers(raw=message["headers"])):
            self._start = message
        elif self._start is not None and message["type"] == "http.response.body":
            self._body.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._send_changed(self._start)
        else:
            await self._send(message)

    async def _send_changed(self, start: Message) -> None:
        page = self._change(b"".join(self._body))
        headers = MutableHeaders(scope=start)
        headers["content-length"] = str(len(page))
        for name in ("etag", "last-modified"):  # of the page before the change
            del headers[name]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": page})


def _is_plain_page(headers: Headers) -> bool:
    return headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers


AT_START: list[Callable[[], None]] = []
"""Called once when the server has started; each has to return at once."""


@asynccontextmanager
async def announced(_app: st.App) -> AsyncIterator[None]:
    """Says where the app is. Streamlit's own welcome asks the internet for an address, so it is switched off."""
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    port, base = st.get_option("server.port"), st.get_option("server.baseUrlPath").strip("/")
    print("\n  SimCSE Explorer is ready:\n")
    for address in _listening():
        name = f"[{address}]" if ":" in address else address
        print(f"  {scheme}://{name}:{port}/{base}")
    print(flush=True)
    for start in AT_START:
        start()
    yield


def _listening() -> list[str]:
    """The addresses under which the app can be opened, asked of nobody."""
    address = st.get_option("server.address")
    if address not in (None, "", "0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return [str(address)]
    network = {
        interface.address
        for interfaces in psutil.net_if_addrs().values()
        for interface in interfaces
        if interface.family == socket.AF_INET and not ip_address(interface.address).is_loopback
    }
    return ["127.0.0.1", *sorted(network)]

"""Whom the server answers, without a server: the middleware is called as one would call it."""

import asyncio
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket
from streamlit import config, net_util
from streamlit.runtime.uploaded_file_manager import UploadedFile

from simcse_core.errors import InputError, OptionError
from ui.frame import serving, uploads

PAGE = "<html><head><title>x</title></head><body>app</body></html>"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_arguments: object, **_options: object) -> None:
        raise AssertionError("the internet was asked")

    monkeypatch.setattr(net_util, "_make_blocking_http_get", ask)
    monkeypatch.setattr(net_util, "_external_ip", None)


def app(middleware: list[Middleware] | None = None) -> Starlette:
    async def page(_request: object) -> Response:
        return HTMLResponse(PAGE, headers={"etag": "x"})

    async def stream(websocket: WebSocket) -> None:
        from streamlit.web.server.starlette.starlette_websocket import _is_origin_allowed

        headers = websocket.headers
        if _is_origin_allowed(headers.get("origin"), headers.get("host")):  # as Streamlit itself does
            await websocket.accept()
        await websocket.close()

    routes = [Route("/{path:path}", page), WebSocketRoute("/stream", stream)]
    return Starlette(routes=routes, middleware=serving.middleware() if middleware is None else middleware)


def ask(kind: str, path: str = "/", **headers: str) -> list[Message]:
    """What the app sends for one request."""
    sent: list[Message] = []
    names = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": kind,
        "method": "GET",
        "path": path,
        "query_string": b"a=%22",
        "headers": names,
        "subprotocols": [],
    }
    first = {"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request", "body": b""}

    async def receive() -> Message:
        return first

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app()(scope, receive, send))
    return sent


def status(messages: list[Message]) -> int:
    return int(messages[0]["status"])


def body(messages: list[Message]) -> str:
    return b"".join(message.get("body", b"") for message in messages[1:]).decode()


def header(messages: list[Message], name: str) -> str | None:
    return dict(messages[0]["headers"]).get(name.encode(), b"").decode() or None


@pytest.mark.parametrize(
    "host", ["localhost:8501", "127.0.0.1:8501", "192.168.1.5", "[::1]:8501", "LOCALHOST.", socket.gethostname()]
)
def test_the_server_answers_to_its_addresses_and_its_own_names(host: str) -> None:
    assert status(ask("http", host=host)) == 200
    assert ask("websocket", "/stream", host=host, origin=f"http://{host}")[0]["type"] == "websocket.accept"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8501", "x@127.0.0.1", "", "[::1"])
def test_a_name_of_somebody_else_is_refused(host: str) -> None:
    assert status(ask("http", host=host)) == 421
    assert ask("websocket", "/stream", host=host, origin=f"http://{host}")[0]["type"] == "websocket.close"


def test_a_refused_name_is_told_with_the_option_that_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--server.allowedHosts lab.school.example" in body(ask("http", host="lab.school.example:8501"))
    passed_on: dict[str, object] = {}
    monkeypatch.setattr(config, "set_option", passed_on.__setitem__)
    _set(monkeypatch, "server.allowedHosts", ["*.school.example"])
    assert status(ask("http", host="lab.school.example:8501")) == 200
    assert status(ask("http", host="127.0.0.1:8501")) == 200
    assert status(ask("http", host="school.example.evil")) == 421
    assert passed_on == {"server.allowedHosts": ["*"]}  # Streamlit alone would refuse 127.0.0.1


def test_a_machine_is_opened_by_its_long_and_its_short_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Lab3.school.example")
    for host, expected in {
        "lab3": 200,
        "LAB3.local": 200,
        "lab3.school.example": 200,
        "lab3.evil.example": 421,
    }.items():
        assert status(ask("http", host=f"{host}:8501")) == expected


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://192.168.1.5.evil.example", "file://"])
def test_a_connection_from_a_foreign_page_is_refused_and_the_internet_is_not_asked(origin: str) -> None:
    (refusal,) = ask("websocket", "/stream", host="127.0.0.1:8501", origin=origin)
    assert refusal["type"] == "websocket.close"


def test_a_trusted_origin_may_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, "server.corsAllowedOrigins", ["https://app.school.example"])
    messages = ask("websocket", "/stream", host="10.0.0.1:8501", origin="http://localhost:8501")
    assert messages[0]["type"] == "websocket.accept"
    _set(monkeypatch, "server.enableCORS", False)
    messages = ask("websocket", "/stream", host="10.0.0.1:8501", origin="https://app.school.example")
    assert messages[0]["type"] == "websocket.accept"


def _set(monkeypatch: pytest.MonkeyPatch, option: str, value: object) -> None:
    usual: Callable[[str], object] = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: value if name == option else usual(name))
    usual_config = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: value if name == option else usual_config(name))


def test_a_page_gets_the_script_in_its_head_and_its_new_length() -> None:
    messages = ask("http", host="localhost", accept="text/html", accept_encoding="gzip")
    assert "history.pushState" in body(messages).partition("</head>")[0]
    assert int(header(messages, "content-length") or 0) == len(body(messages).encode())
    assert header(messages, "etag") is None
    assert body(ask("http", host="localhost", accept="image/png")) == PAGE


def test_other_hosts_show_the_app_in_a_frame_only_where_it_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = {"host": "localhost", "sec_fetch_dest": "iframe", "sec_fetch_site": "cross-site"}
    whole = ask("http", host="localhost", sec_fetch_dest="document")
    assert header(whole, "content-security-policy") == "frame-ancestors 'self'"
    assert header(whole, "x-frame-options") == "SAMEORIGIN"
    notice = body(ask("http", "/similarity", **frame))
    assert "app" not in notice.partition("<body>")[2].replace("SimCSE Explorer", "")
    assert 'href="/similarity?a=%22"' in notice
    silent = ask("http", host="localhost", accept="text/html")  # over plain http the page notices itself
    assert header(silent, "content-security-policy") is None
    assert "simcse-in-frame" in body(silent)
    monkeypatch.setenv(serving.EMBED_IN, "https://moodle.school.example http://10.0.0.7:8080")
    messages = ask("http", "/similarity", **frame)
    assert "app" in body(messages)
    policy = "frame-ancestors 'self' https://moodle.school.example http://10.0.0.7:8080"
    assert header(messages, "content-security-policy") == policy
    assert header(messages, "x-frame-options") is None


def test_what_is_no_origin_may_not_embed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(serving.EMBED_IN, "moodle.school.example; script-src *")
    with pytest.raises(OptionError, match="write origins such as"):
        serving.embed_in()
    with pytest.raises(SystemExit, match=r"SIMCSE_EMBED_IN has 'moodle\.school\.example;'"):
        serving.middleware()


@pytest.mark.parametrize(
    ("name", "megabytes", "expected"),
    [("a.csv", 1.0, 200), ("a.csv", 1.1, 413), ("run.zip", 1.1, 200), ("a.zip.csv", 1.1, 413), ("a.csv", None, 411)],
)
def test_only_bundles_may_be_larger_than_tables_and_the_rest_is_not_even_read(
    monkeypatch: pytest.MonkeyPatch, name: str, megabytes: float | None, expected: int
) -> None:
    monkeypatch.setenv("SIMCSE_MAX_FILE_MEGABYTES", "1")
    form = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    pieces = [form[:20], form[20:], bytes(5_000), bytes(5_000)]
    asked: list[bytes] = []

    async def receive() -> Message:
        asked.append(pieces[len(asked)])
        return {"type": "http.request", "body": asked[-1], "more_body": len(asked) < len(pieces)}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def upload(request: Request) -> Response:
        assert await request.body() == b"".join(pieces)
        return Response()

    headers = [(b"host", b"localhost")]
    if megabytes is not None:
        headers.append((b"content-length", str(int(megabytes * 2**20)).encode()))
    path = "/_stcore/upload_file/session/file"
    scope = {"type": "http", "method": "PUT", "path": path, "query_string": b"", "headers": headers}
    server = Starlette(routes=[Route(path, upload, methods=["PUT"])], middleware=serving.middleware())
    asyncio.run(server(scope, receive, send))
    assert status(sent) == expected
    assert len(asked) == {200: 4, 413: 3, 411: 0}[expected]


def test_an_uploaded_file_over_the_limit_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Large:
        name, size = "large.csv", 3 * 2**20

        def getvalue(self) -> bytes:
            raise AssertionError("it was read")

    monkeypatch.setenv("SIMCSE_MAX_FILE_MEGABYTES", "2")
    with pytest.raises(InputError, match=r"large\.csv has 3 MB: the limit is 2 MB \(SIMCSE_MAX_FILE_MEGABYTES\)"):
        uploads.content(cast(UploadedFile, Large()))


def test_every_uploader_is_read_by_the_one_function_that_knows_the_limit() -> None:
    folder = Path(serving.__file__).parent.parent
    direct = re.compile(r"\bfile\.(getvalue|read)\(|\bfile\.getbuffer\(")
    uploaders = [path for path in folder.glob("**/*.py") if "file_uploader(" in path.read_text(encoding="utf-8")]
    assert len(uploaders) >= 4
    for path in uploaders:
        code = path.read_text(encoding="utf-8")
        without_downloads = code.replace("file = BytesIO()", "").replace("return file.getvalue()", "")
        assert not direct.search(without_downloads), path.name

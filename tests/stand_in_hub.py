"""A hub of our own on this machine, with what fetching models and data asks of the real one, and its bad days."""

import hashlib
import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from transformers import BertConfig, BertModel

from simcse_core.encoding.model import SimCSE

REVISION = "0123456789abcdef0123456789abcdef01234567"
PARQUET = "/revision/refs%2Fconvert%2Fparquet"


@dataclass
class StandInHub:
    """Files by "owner/model" or "datasets/owner/name", and path. Large ones stand behind a redirect, as really."""

    endpoint: str = ""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    revision: str = REVISION
    gated: bool = False
    is_converted: bool = True
    """Data sets have a revision of Parquet files; `repositories` holds no other."""
    sizes: bool = True
    login_page: bool = False
    """Every question is answered with one."""
    knows_ranges: bool = True
    cut_at: int | None = None
    """The connection breaks when so much of a large file was sent."""
    cuts: int = 10**9
    """How often it breaks."""
    sent_instead: dict[str, bytes] = field(default_factory=dict)
    """Path -> what is really sent."""
    requests: list[tuple[str, int]] = field(default_factory=list)
    """Path and first byte of every file that was asked for."""
    pause: threading.Event | None = None
    """Large files wait for it in the middle."""
    slow: bool = False
    """Large files take a third of a second."""

    def add(self, name: str, folder: Path) -> None:
        files = (path for path in folder.rglob("*") if path.is_file())
        self.repositories[name] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    def asked_for(self, path: str) -> list[int]:
        """The first byte of every request for a file."""
        return [start for asked, start in self.requests if asked == path]

    def about(self, name: str) -> dict[str, Any]:
        files = self.repositories[name].items()
        siblings = [_sibling(path, content) if self.sizes else {"rfilename": path} for path, content in files]
        return {
            "id": name.removeprefix("datasets/"),
            "sha": self.revision,
            "gated": "manual" if self.gated else False,
            "siblings": siblings,
        }


def _is_large(path: str) -> bool:
    return path.endswith((".safetensors", ".bin", ".onnx", ".parquet"))


def _sibling(path: str, content: bytes) -> dict[str, Any]:
    git = hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()
    lfs = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return {"rfilename": path, "size": len(content), "blobId": git, **({"lfs": lfs} if _is_large(path) else {})}


class _Handler(BaseHTTPRequestHandler):
    hub: StandInHub

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        address = self.path.partition("?")[0]
        if self.hub.login_page:
            self._send(b"<html>Welcome to our Wi-Fi</html>")
        elif found := re.fullmatch(
            rf"/api/(?:models/)?((?:datasets/)?[^/]+/[^/]+)(?:(/auth-check)|{PARQUET})?", address
        ):
            self._about(found[1], bool(found[2]))
        elif found := re.fullmatch(rf"/(far/)?((?:datasets/)?[^/]+/[^/]+)/resolve/{self.hub.revision}/(.+)", address):
            self._file(found[2], found[3], is_far=bool(found[1]))
        else:
            self._refuse(404, "EntryNotFound")

    def _about(self, name: str, auth_check: bool) -> None:
        if name not in self.hub.repositories:
            self._refuse(401, "RepoNotFound")
        elif auth_check:
            self._refuse(403, "GatedRepo")
        elif name.startswith("datasets/") and not self.hub.is_converted:
            self._refuse(404, "RevisionNotFound")
        else:
            self._send(json.dumps(self.hub.about(name)).encode())

    def _file(self, name: str, path: str, *, is_far: bool) -> None:
        if _is_large(path) and not is_far:
            self.send_response(302)
            self.send_header("Location", f"/far{self.path}")
            self.end_headers()
            return
        content = self.hub.sent_instead.get(path, self.hub.repositories[name][path])
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and self.hub.knows_ranges else 0
        self.hub.requests.append((path, int(asked[1]) if asked else 0))
        self._send(content, start, is_large=_is_large(path))

    def _send(self, content: bytes, start: int = 0, *, is_large: bool = False) -> None:
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        end = len(content)
        if is_large and self.hub.cut_at is not None and self.hub.cuts:
            self.hub.cuts -= 1
            end = max(self.hub.cut_at, start)
        steps = [start + (end - start) * step // 8 for step in range(9)]
        for step, (begin, stop) in enumerate(itertools.pairwise(steps)):
            if is_large and self.hub.pause is not None and step == 4:
                self.hub.pause.wait(20)
            if is_large and self.hub.slow:
                time.sleep(0.04)
            self.wfile.write(content[begin:stop])

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for something that another thread or process does."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def stand_in_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    """The only hub that this process reaches meanwhile."""
    hub = StandInHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = False  # closing waits for them, so that no socket outlives the test
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    go_online(monkeypatch, hub.endpoint)
    try:
        yield hub
    finally:
        huggingface_hub.close_session()
        server.shutdown()
        thread.join()
        server.server_close()


def go_online(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Lift the offline mode of the tests, which the library reads once, for one address on this machine."""
    monkeypatch.delenv("SIMCSE_MODELS", raising=False)  # what is fetched goes into the test's own home
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_IMPLICIT_TOKEN", True)
    monkeypatch.setattr("simcse_core.hub.files.WAITS", ())
    huggingface_hub.close_session()  # one that knows other proxies


def tiny_model(minilm: SimCSE, layers: int = 2) -> SimCSE:
    """A random BERT of 4 MB with the tokenizer of minilm."""
    config = BertConfig(hidden_size=32, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=64)
    return SimCSE(BertModel(config), minilm.tokenizer, pooling="cls", max_tokens=64, name="tiny")

"""The app on a server of its own, started as `make run` starts it, and what that server uses."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import ProxyHandler, build_opener

import psutil

ROOT = Path(__file__).parent.parent
START_SECONDS = 120


@dataclass(frozen=True)
class Usage:
    """What a process and its children use."""

    megabytes: float
    """Resident memory now."""
    cpu_seconds: float
    """Processor time so far."""


@dataclass(frozen=True)
class AppServer:
    """A server that runs."""

    address: str
    process: psutil.Process
    home: Path


@contextmanager
def running_app() -> Iterator[AppServer]:
    """The app of this repository on a free port, with a home folder that is thrown away.

    Raises:
        RuntimeError: the server does not start; the message has the end of what it printed.
    """
    with new_home() as home:
        server = start_app(home)
        yield server
        _stop(server.process)


@contextmanager
def new_home() -> Iterator[Path]:
    """A home folder that this process and what it starts work in; at the end all of it is gone."""
    before = os.environ.get("SIMCSE_HOME")
    with TemporaryDirectory(prefix="simcse-benchmark-", ignore_cleanup_errors=True) as folder:
        os.environ["SIMCSE_HOME"] = folder
        try:
            yield Path(folder)
        finally:
            for process in processes_of(Path(folder)):
                process.kill()
            os.environ.pop("SIMCSE_HOME")
            if before is not None:
                os.environ["SIMCSE_HOME"] = before


def start_app(home: Path) -> AppServer:
    """Start the app, and wait until it answers.

    Raises:
        RuntimeError: as for `running_app`.
    """
    log = home / "server.log"
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with log.open("ab") as output:
        environment = {**os.environ, "SIMCSE_HOME": str(home)}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    _wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
    return AppServer(f"http://127.0.0.1:{port}", psutil.Process(process.pid), home)


def processes_of(home: Path, module: str = "") -> list[psutil.Process]:
    """The processes that work in a home folder, but not this one.

    Args:
        home: the folder.
        module: only those that run this module.
    """
    processes = []
    for process in psutil.process_iter():
        try:
            is_inside = process.pid != os.getpid() and process.environ().get("SIMCSE_HOME") == str(home)
            if is_inside and module in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                processes.append(process)
        except psutil.Error:  # it has ended, or is somebody else's
            continue
    return processes


def usage(process: psutil.Process) -> Usage:
    """What a process and its children use. Children that have ended count with their processor time."""
    memory = seconds = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
            memory += one.memory_info().rss
        except psutil.NoSuchProcess:  # a child that ends just now
            continue
        seconds += times.user + times.system
        seconds += getattr(times, "children_user", 0) + getattr(times, "children_system", 0)  # not on every system
    return Usage(memory / 1e6, seconds)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    opener = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(f"{address}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    ending = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
    raise RuntimeError(f"The server did not start within {START_SECONDS} s. It printed:\n{ending}")


def _stop(server: psutil.Process) -> None:
    for process in (*server.children(recursive=True), server):
        process.terminate()
    _gone, alive = psutil.wait_procs([server], timeout=20)
    for process in alive:
        process.kill()

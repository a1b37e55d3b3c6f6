"""What a power cut would leave of a run: the image of its disk, copied while it trains and just after it has finished.

    sudo python -m benchmarks.power_cut              as root on Linux, a minute

The run's home lies on an ext4 image that is mounted by a loop device. Every half second the image is copied as it is:
what the system has not written yet is lost, as when the power goes. Each copy is mounted, and says what it has of the
run. A finished run has to be whole; one that is not has to have its configuration, and the metrics that its checkpoint
counts on. The exit status is 1 when one is not so.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simcse_core.learning.records import Finished, Step
from simcse_core.runs import metrics

MEGABYTES = 200
PAUSE = 0.5
AFTERWARDS = 8.0
"""Seconds after the end of the run in which copies are still taken: the system writes after 5 to 30."""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="power-cut-") as place:
        bad = _try(Path(place))
    print(f"copies with something lost: {bad}")
    return 1 if bad else 0


def _try(place: Path) -> int:
    """Train on the image and look at its copies; how many of them have lost something."""
    image = place / "disk.img"
    with image.open("wb") as file:
        file.truncate(MEGABYTES * 1_000_000)
    _call("mkfs.ext4", "-q", str(image))
    bad = 0
    with _mounted(image, place / "disk") as disk:
        os.environ |= {"SIMCSE_HOME": str(disk / "home"), "SIMCSE_CHECKPOINT_SECONDS": "1"}
        folder = _queue()
        os.sync()  # the run waits; from now on nobody helps
        worker = subprocess.Popen([sys.executable, "-m", "simcse_core.runs.worker", str(folder)])
        ended: float | None = None
        begun = time.monotonic()
        while ended is None or time.monotonic() - ended < AFTERWARDS:
            shutil.copyfile(image, place / "copy.img")
            now = time.monotonic()
            if ended is None and worker.poll() is not None:
                ended = now
            since = f"{now - begun:5.1f} s" + ("" if ended is None else f", {now - ended:3.1f} s after its end")
            with _mounted(place / "copy.img", place / "copy") as copy:
                state, lost = _look(copy / folder.relative_to(disk))
            bad += bool(lost)
            print(f"{since:32} {state:10} {'lost: ' + ', '.join(lost) if lost else 'nothing lost'}", flush=True)
            time.sleep(PAUSE)
    return bad


def _queue() -> Path:
    """A run of a new model, because that has a tokenizer, all weights and a checkpoint of its own."""
    from simcse_core.learning.settings import TrainingSettings
    from simcse_core.runs import store
    from simcse_core.runs.config import RunConfig, describe

    settings = TrainingSettings(loss="supcon", epochs=60)
    return store.create(describe(RunConfig(data="intents-en", model="scratch-tiny", settings=settings))).folder


def _look(folder: Path) -> tuple[str, list[str]]:
    """The state of a run, and what of it is gone or empty."""
    lost = [name for name in ("config.json", "about.json", "status.json") if _read(folder / name) is None]
    status = _read(folder / "status.json") or {}
    records = metrics.read(folder / "metrics.jsonl")
    if status.get("state") == "finished":
        names = [path.relative_to(folder) for path in (folder / "model").rglob("*") if path.is_file()]
        lost += [str(name) for name in names if not (folder / name).stat().st_size]
        if not {"config.json", "tokenizer.json", "model.safetensors"} <= {name.name for name in names}:
            lost.append("files of the model")
        if not records or not isinstance(records[-1], Finished):
            lost.append("metrics.jsonl")
        if _read(folder / "items.json") is None:
            lost.append("items.json")
    elif (folder / "checkpoint.pt").exists():
        step = _step_of(folder / "checkpoint.pt")
        if step is None:
            lost.append("checkpoint.pt")
        elif step > max((record.step for record in records if isinstance(record, Step)), default=0):
            lost.append(f"metrics up to step {step}, at which the checkpoint goes on")
    return str(status.get("state", "?")), lost


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _step_of(checkpoint: Path) -> int | None:
    import torch

    try:
        return int(torch.load(checkpoint, map_location="cpu", weights_only=True)["step"])
    except Exception:  # noqa: BLE001 - torch raises whatever a damaged file leads it to
        return None


@contextmanager
def _mounted(image: Path, folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    _call("mount", "-o", "loop", str(image), str(folder))
    try:
        yield folder
    finally:
        _call("umount", "-l", str(folder))


def _call(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())

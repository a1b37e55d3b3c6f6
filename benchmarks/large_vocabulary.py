"""Fine-tuning me5-small on Chinese pairs: what it learns, what memory it takes, and what is left on the disk.

    python -m benchmarks.large_vocabulary DATA [--rows 500 5000] [--seeds 3] [--layers 12 6] [--tune top:3]

DATA is a folder with `sts/stsb-zh-{train,dev}.csv`. Each training is the command `train` with the loss CoSENT, one
epoch, in a home of its own; its worker's memory is looked at ten times a second. Megabytes are those of the run's
folder, of its last checkpoint, and of the bundle that `runs export` writes.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.machine import machine
from benchmarks.sts import over_seeds

PROGRAM = (sys.executable, "-m", "simcse_core")


@dataclass(frozen=True)
class Measured:
    """One training."""

    before: float
    """Dev Spearman, times 100."""
    after: float
    seconds: float
    memory: float
    """The largest resident set of a process that took part, in MB."""
    folder: float
    """MB of the run's folder, without its checkpoint."""
    checkpoint: float
    bundle: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--layers", type=int, nargs="+", default=[12, 6], help="of me5-small, to start from")
    parser.add_argument("--tune", default="top:3")
    options = parser.parse_args()
    print(f"{machine()}; CoSENT, one epoch, {options.tune}, {options.seeds} seeds\n")
    print(
        f"{'layer':>5} {'rows':>6} {'dev before':>10} {'dev after':>14} {'seconds':>8} {'memory':>8} {'run':>6} "
        f"{'checkpoint':>11} {'bundle':>7}  (MB)"
    )
    for layer in options.layers:
        for rows in options.rows:
            runs = [one(options.data, layer, rows, seed, options.tune) for seed in range(options.seeds)]
            last = runs[-1]
            print(
                f"{layer:5} {rows:6,} {last.before:10.1f} {over_seeds([run.after for run in runs]):>14} "
                f"{max(run.seconds for run in runs):8.0f} {max(run.memory for run in runs):8.0f} {last.folder:6.1f} "
                f"{last.checkpoint:11.1f} {last.bundle:7.1f}",
                flush=True,
            )


def one(data: Path, layer: int, rows: int, seed: int, tune: str) -> Measured:
    """Train once on rows drawn by the seed."""
    with tempfile.TemporaryDirectory() as place:
        head, *lines = (data / "sts" / "stsb-zh-train.csv").read_text(encoding="utf-8").splitlines()
        drawn = random.Random(seed).sample(lines, rows)
        train = Path(place, "train.csv")
        train.write_text("\n".join([head, *drawn]) + "\n", encoding="utf-8")
        command = f"train --data {train} --dev {data / 'sts' / 'stsb-zh-dev.csv'} --loss cosent --model me5-small"
        command += f" --layer {layer} --tune {tune} --epochs 1 --seed {seed} --output {place}/run --format json"
        environment = {"SIMCSE_MODELS": str(_models()), **os.environ, "SIMCSE_HOME": place}
        records, bundle = Path(place, "records.jsonl"), Path(place, "bundle.zip")
        with (
            records.open("w") as out,
            subprocess.Popen([*PROGRAM, *command.split()], env=environment, stdout=out) as run,
        ):
            memory, checkpoint = _watch(run, Path(place, "run", "checkpoint.pt"))
        finished = json.loads(records.read_text(encoding="utf-8").splitlines()[-1])
        export = [*PROGRAM, "runs", "export", f"{place}/run", "--output", str(bundle)]
        subprocess.run(export, env=environment, check=True, capture_output=True)
        return Measured(
            before=100 * finished["dev_before"]["spearman"],
            after=100 * finished["dev_after"]["spearman"],
            seconds=finished["seconds"],
            memory=memory,
            folder=sum(_size(path) for path in Path(place, "run").rglob("*") if path.suffix != ".pt"),
            checkpoint=checkpoint,
            bundle=_size(bundle),
        )


def _watch(run: subprocess.Popen[bytes], checkpoint_file: Path) -> tuple[float, float]:
    """Until a process ends: MB of the largest process among it and its descendants, and of its checkpoint."""
    memory = checkpoint = 0.0
    process = psutil.Process(run.pid)
    while run.poll() is None:
        for each in (process, *process.children(recursive=True)):
            try:
                memory = max(memory, each.memory_info().rss / 1e6)
            except psutil.NoSuchProcess:
                continue
        checkpoint = max(checkpoint, _size(checkpoint_file))
        time.sleep(0.1)
    return memory, checkpoint


def _size(path: Path) -> float:
    """MB of a file; 0 for a folder and for what is gone."""
    try:
        return path.stat().st_size / 1e6 if path.is_file() else 0.0
    except FileNotFoundError:
        return 0.0


def _models() -> Path:
    from simcse_core.home import models_folder

    return models_folder()


if __name__ == "__main__":
    main()

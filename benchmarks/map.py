"""How soon a map is there, whether it can be trusted as much as plain UMAP's, and what 30 users do to it.

    python -m benchmarks.map DATA [--part time|trust|users] [--sizes 200 2000 20000] [--users 30]

DATA is a folder with `unlabelled/*.txt` or `classify/*.csv`, whose texts minilm encodes first; where they are fewer
than a size asks for, sentences that a program makes up fill it.

- time: from vectors to the first picture (PCA) and to UMAP with its quality, in a process that has just started and in
  one whose worker is warm, beside `umap.UMAP(metric="cosine", random_state=0).fit_transform` in a fresh process, and
  the memory of the app's process before and after. The three take turns.
- trust: trustworthiness at 15 neighbours beside that of umap-learn with the same parameters, over three seeds.
- users: so many users who ask for different maps of 500 sentences at one moment.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.app_server import new_home
from benchmarks.machine import machine
from benchmarks.sentences import new_sentences
from simcse_core import SimCSE
from simcse_core.encoding.texts import Embeddings

PARTS = ("time", "trust", "users")
OF_A_USER = 500
"""Sentences on the map of each user."""

APP = """
import json, sys, time
import numpy as np, psutil
from simcse_core.meaning.projection import Recipe
from ui.shared import projecting

rows, warm = np.load(sys.argv[1]), sys.argv[2] == "warm"
memory = lambda: psutil.Process().memory_info().rss / 2**20
if warm:
    projecting.warm()
    while not projecting.jobs().is_ready:
        time.sleep(0.05)
before, started = memory(), time.perf_counter()
projecting.request("map", rows, Recipe.of("pca")).result
pca = time.perf_counter() - started
job = projecting.request("map", rows, Recipe.of("umap"))
while job.result is None and not job.is_over:
    time.sleep(0.01)
umap = time.perf_counter() - started
while not job.is_over:
    time.sleep(0.01)
print(json.dumps([pca, umap, time.perf_counter() - started, before, memory(), str(job.error or "")]))
"""
"""What the app's process does, in one of its own; `projecting` is all that a page calls."""

PLAIN = """
import sys, time
import numpy as np
from umap import UMAP
UMAP(metric="cosine", random_state=0, n_jobs=1).fit_transform(np.load(sys.argv[1]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", choices=PARTS, action="append", help="only this one (default: all)")
    parser.add_argument("--sizes", type=int, nargs="*", default=[200, 2_000, 20_000])
    parser.add_argument("--users", type=int, default=30)
    options = parser.parse_args()
    parts = options.part or PARTS
    most = max(
        max(options.sizes) if "time" in parts else 0,
        OF_A_USER * options.users if "users" in parts else 0,
        2_000,
    )
    print(machine())
    rows = vectors(options.data, most)
    with new_home():
        if "time" in parts:
            show_time(rows, options.sizes)
        if "trust" in parts:
            show_trust(rows[:2_000])
        if "users" in parts:
            show_users(rows, options.users)


def vectors(folder: Path, count: int) -> Embeddings:
    """(count, D) of different texts of the data, and of made-up ones where they are too few."""
    from simcse_core.data.readers import read_texts

    files = [*sorted(folder.glob("unlabelled/*.txt")), *sorted(folder.glob("classify/*.csv"))]
    texts = list(dict.fromkeys(text for file in files for text in read_texts(str(file))))
    made_up = max(0, count - len(texts))
    texts = [*texts[:count], *islice(new_sentences(0), made_up)]
    print(f"{count:,} texts, {made_up:,} of them made up; encoded by minilm")
    return SimCSE.load("minilm").encode(texts)


def show_time(rows: Embeddings, sizes: Sequence[int]) -> None:
    """A line for each size and way."""
    print(f"\n{'seconds to':36} {'picture':>8} {'UMAP':>8} {'measured':>9} {'app, MB':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            file = Path(folder) / "rows.npy"
            np.save(file, rows[:size])
            for way in ("cold", "warm"):
                with new_home():
                    printed = run(APP, str(file), way)
                pca, umap, measured, before, after, error = json.loads(printed.splitlines()[-1])
                memory = f"{before:.0f} -> {after:.0f}"
                name = f"{size:,} texts, {way} server"
                print(f"{name:36} {pca:8.2f} {umap:8.2f} {measured:9.2f} {memory:>14} {error}", flush=True)
            started = time.perf_counter()
            run(PLAIN, str(file))
            name = f"{size:,} texts, umap-learn, new process"
            print(f"{name:36} {'':8} {time.perf_counter() - started:8.2f}", flush=True)


def run(script: str, *arguments: str) -> str:
    """What a process prints."""
    command = [sys.executable, "-W", "ignore", "-c", script, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def show_trust(rows: Embeddings) -> None:
    """Both ways by the oracle of scikit-learn."""
    from sklearn.manifold import trustworthiness

    from simcse_core.meaning.projection import Recipe, project
    from simcse_core.meaning.projection.by_umap import umap_class, without_warnings

    print(f"\n{'trustworthiness at 15 neighbours':36} {'ours':>8} {'umap-learn':>11}")
    for options in ({}, {"n_neighbors": 5}, {"n_neighbors": 50, "min_dist": 0.5}):
        values: list[tuple[float, float]] = []
        for seed in range(3):
            ours = project(rows, Recipe.of("umap", seed=seed, options=options)).points
            with without_warnings():
                model = umap_class()(**options, metric="cosine", random_state=seed, n_jobs=1)
                plain = model.fit_transform(rows)
            values.append(
                tuple(trustworthiness(rows, points, n_neighbors=15, metric="cosine") for points in (ours, plain))
            )
        mine, theirs = (statistics.mean(column) for column in zip(*values, strict=True))
        print(f"{len(rows):,} texts, {options or 'defaults'!s:24} {mine:8.4f} {theirs:11.4f}", flush=True)


def show_users(rows: Embeddings, users: int) -> None:
    """Everybody at one moment, on a warm server."""
    from simcse_core.meaning.projection import Recipe
    from ui.shared import projecting

    projecting.warm()
    while not projecting.jobs().is_ready:
        time.sleep(0.1)
    pictures, maps, errors = [0.0] * users, [0.0] * users, [""] * users
    begin = threading.Barrier(users)

    def use(user: int) -> None:
        own = rows[OF_A_USER * user : OF_A_USER * (user + 1)]
        begin.wait()
        started = time.perf_counter()
        projecting.request(f"user {user}", own, Recipe.of("pca"))
        pictures[user] = time.perf_counter() - started
        job = projecting.request(f"user {user}", own, Recipe.of("umap"))
        while job.result is None and not job.is_over:
            time.sleep(0.05)
        maps[user], errors[user] = time.perf_counter() - started, str(job.error or "")

    threads = [threading.Thread(target=use, args=(user,)) for user in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"\n{users} users with {OF_A_USER} sentences each: seconds, p50 / p95")
    for name, seconds in (("to the first picture", pictures), ("to UMAP", maps)):
        print(f"{name:36} {np.percentile(seconds, 50):8.2f} {np.percentile(seconds, 95):8.2f}")
    print(f"{'errors':36} {sum(map(bool, errors)):8}  {next(filter(None, errors), '')}")
    projecting.jobs().close()


if __name__ == "__main__":
    main()

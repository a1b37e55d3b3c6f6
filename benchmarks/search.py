"""Search among 100,000 and 1,000,000 texts, beside sentence-transformers' `semantic_search`, FAISS and bm25s.

    python -m benchmarks.search DATA [--texts 100000 1000000] [--encoded 20000] [--rounds 5] [--folder F]

DATA is a folder with tables and text files. So many distinct texts of it are encoded; the rest are made-up sentences
whose embeddings are noise. All are searched with texts of DATA that are not among them, and recall is measured against
a full product in float64. Candidates alternate within each round. Memory is measured in a process for each, as what is
not a page of a file (which the system takes back when it needs it), and as all that is resident.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine
from benchmarks.sentences import new_sentences
from simcse_core import Index, SimCSE
from simcse_core.data.kinds import texts_of
from simcse_core.data.readers import read_data
from simcse_core.encoding.protocol import Trainable
from simcse_core.encoding.texts import Embeddings, TextCheck
from simcse_core.uses.search.lexical import Lexical

QUERIES = 100
TOP = 10
PEERS = ("simcse_core", "semantic_search", "faiss IndexFlatIP")

Search = Callable[[Embeddings], NDArray[np.int64]]
"""(Q, D) -> (Q, TOP) rows."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--texts", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--encoded", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="for the indexes (default: a temporary one)")
    parser.add_argument("--memory-of", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        print(json.dumps(memory_of(options.memory_of[0], Path(options.memory_of[1]))))
        return
    print(machine("sentence-transformers", "faiss-cpu", "bm25s"))
    folder = options.folder or Path(tempfile.mkdtemp(prefix="simcse-search-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        model = SimCSE.load("minilm")
        texts = texts_in(options.data)
        corpus, asked = texts[: options.encoded], texts[options.encoded : options.encoded + QUERIES]
        started = time.perf_counter()
        encoded = model.encode(corpus)
        print(f"{len(corpus):,} texts encoded in {time.perf_counter() - started:.0f} s; {len(asked)} queries\n")
        queries = model.encode(asked)
        for count in options.texts:
            measure(count, corpus, encoded, asked, queries, folder / str(count), options.rounds)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)


def texts_in(folder: Path) -> list[str]:
    """The distinct texts of all files in a folder, in a seeded order."""
    texts: dict[str, None] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".csv", ".txt"):
            texts |= dict.fromkeys(texts_of(read_data(path)))
    order = np.random.default_rng(0).permutation(len(texts))
    listed = list(texts)
    return [listed[place] for place in order]


def noise(count: int, dim: int) -> Embeddings:
    rows = np.random.default_rng(1).standard_normal((count, dim), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


@dataclass(frozen=True)
class Ready:
    """An encoder that hands out embeddings in the order in which texts are asked for: building without encoding."""

    embeddings: Iterator[NDArray[np.float32]]
    dim: int
    name: str = "ready"

    def configured(self, **_settings: Any) -> "Ready":
        return self

    def check(self, texts: Sequence[str]) -> TextCheck:
        return TextCheck()

    def encode(self, texts: Sequence[str], **_how: Any) -> Embeddings:
        if len(texts) == 1:  # the probe
            return np.eye(1, self.dim, dtype=np.float32)
        return np.stack(list(islice(self.embeddings, len(texts))))


def measure(
    count: int,
    corpus: list[str],
    encoded: Embeddings,
    asked: list[str],
    queries: Embeddings,
    folder: Path,
    rounds: int,
) -> None:
    texts = [*corpus, *islice(new_sentences(0), count - len(corpus))]
    embeddings = np.concatenate([encoded, noise(count - len(encoded), encoded.shape[1])])
    print(f"== {count:,} texts, {embeddings.shape[1]} dimensions")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    np.save(folder / "embeddings.npy", embeddings)
    np.save(folder / "queries.npy", queries)
    started = time.perf_counter()
    ready = cast(Trainable, Ready(iter(embeddings), embeddings.shape[1]))
    Index.build(texts, ready, folder / "index")
    print(f"building the index on the disk, BM25 included, encoding left out: {time.perf_counter() - started:.1f} s")
    dense(folder, embeddings, queries, rounds)
    for name in PEERS:
        arguments = [sys.executable, "-m", "benchmarks.search", ".", "--memory-of", name, str(folder)]
        answer = json.loads(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)
        print(f"memory, {name:20} {answer['own']:6,.0f} MB of its own, {answer['resident']:6,.0f} MB resident")
    words(texts, asked, rounds)
    print()


def dense(folder: Path, embeddings: Embeddings, queries: Embeddings, rounds: int) -> None:
    """Seconds of a query and recall of each candidate."""
    truth = full_product(queries, embeddings)
    searches = {name: candidate(name, folder, embeddings) for name in PEERS}
    single: dict[str, list[float]] = {name: [] for name in PEERS}
    together: dict[str, list[float]] = {name: [] for name in PEERS}
    found: dict[str, NDArray[np.int64]] = {}
    for round_ in range(rounds + 1):
        for name, search in searches.items():
            started = time.perf_counter()
            found[name] = search(queries)
            rest = time.perf_counter() - started
            for query in queries[:10]:
                started = time.perf_counter()
                search(query[None])
                if round_:  # the first round warms up
                    single[name].append(time.perf_counter() - started)
            if round_:
                together[name].append(rest)
    together_title = f"{len(queries)} at once, ms each"
    print(f"{'':20} {'recall@10':>9} {'query, ms':>10} {'fastest':>8} {'slowest':>8} {together_title:>22}")
    for name in PEERS:
        recall = np.mean([len(set(a) & set(b)) / TOP for a, b in zip(found[name], truth, strict=True)])
        middle, fastest, slowest = (1e3 * of(single[name]) for of in (statistics.median, min, max))
        each = statistics.median(together[name]) * 1e3 / len(queries)
        print(f"{name:20} {recall:9.4f} {middle:10.1f} {fastest:8.1f} {slowest:8.1f} {each:22.2f}")


def full_product(queries: Embeddings, embeddings: Embeddings) -> NDArray[np.int64]:
    """(Q, TOP) the closest rows, by all cosines in float64."""
    cosines = np.concatenate(
        [
            queries.astype(np.float64) @ embeddings[start : start + 50_000].astype(np.float64).T
            for start in range(0, len(embeddings), 50_000)
        ],
        axis=1,
    )
    return np.argsort(-cosines.round(6), axis=1, kind="stable")[:, :TOP]


def candidate(name: str, folder: Path, embeddings: Embeddings | None = None) -> Search:
    """How one of `PEERS` searches; from the disk where no embeddings are given."""
    if name == "simcse_core":
        index = Index.open(folder / "index")
        return lambda queries: np.array(
            [
                [hit.row for hit in hits]
                for hits in index.search(["query"] * len(queries), top_k=TOP, embeddings=queries)
            ]
        )
    if embeddings is None:
        embeddings = np.load(folder / "embeddings.npy")
    if name == "semantic_search":
        import torch
        from sentence_transformers import util

        corpus = torch.from_numpy(embeddings)
        return lambda queries: np.array(
            [
                [int(hit["corpus_id"]) for hit in hits]
                for hits in util.semantic_search(
                    torch.from_numpy(queries), corpus, top_k=TOP, score_function=util.dot_score
                )
            ]
        )
    import faiss

    flat = faiss.IndexFlatIP(embeddings.shape[1])
    flat.add(embeddings)
    return lambda queries: flat.search(np.ascontiguousarray(queries), TOP)[1]


def memory_of(name: str, folder: Path) -> dict[str, float]:
    """Megabytes at most while one of `PEERS` opens what lies on the disk and searches, and before that left out."""
    queries = np.load(folder / "queries.npy")
    before = own_memory()
    highest = [before]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.01):
            highest[0] = max(highest[0], own_memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    search = candidate(name, folder)
    search(queries[:1])
    search(queries)
    ended.set()
    watcher.join()
    return {"own": highest[0] - before, "resident": of_status("VmHWM")}


def own_memory() -> float:
    """Megabytes that are no pages of files."""
    return of_status("RssAnon")


def of_status(name: str) -> float:
    """Megabytes that the system counts for this process under this name."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1e3


def words(texts: list[str], asked: list[str], rounds: int) -> None:
    """BM25: seconds to build it and milliseconds of a query, beside the library alone."""
    import bm25s

    started = time.perf_counter()
    lexical = Lexical.of(texts)
    built = time.perf_counter() - started
    started = time.perf_counter()
    alone = bm25s.BM25(method="lucene", backend="numpy")
    alone.index(bm25s.tokenize(texts, stopwords=None, show_progress=False), show_progress=False)
    built_alone = time.perf_counter() - started

    def library(query: str) -> object:
        return alone.retrieve(bm25s.tokenize([query], stopwords=None, show_progress=False, return_ids=False), k=TOP,
                              show_progress=False)  # fmt: skip

    seconds: dict[str, list[float]] = {"simcse_core": [], "bm25s": []}
    for _round in range(rounds):
        for name, search in {"simcse_core": lambda query: lexical.search(query, TOP), "bm25s": library}.items():
            for query in asked[:20]:
                started = time.perf_counter()
                search(query)
                seconds[name].append(time.perf_counter() - started)
    for name, build in {"simcse_core": built, "bm25s": built_alone}.items():
        middle = statistics.median(seconds[name]) * 1e3
        print(
            f"BM25, {name:12} built in {build:6.1f} s; a query {middle:7.1f} ms, slowest {max(seconds[name]) * 1e3:.1f}"
        )


if __name__ == "__main__":
    main()

"""How pure the groups of the Map are, against intents that people gave, and what they are called.

    python -m benchmarks.map_groups DATA [--names 20]

DATA is a folder with `classify/banking77-train.csv` (columns text, label). Embeddings are minilm's. Adjusted mutual
information is 0 for groups by chance and 1 for the intents themselves; texts in no group count as a group of their own,
or are left out, which flatters who leaves out more: both are said. Beside ours stand HDBSCAN over the cosines, and
k-means that is told the right number of groups, which nobody knows beforehand.
"""

import argparse
import time
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import adjusted_mutual_info_score

from benchmarks.machine import machine
from simcse_core import SimCSE
from simcse_core.data.kinds import Labelled
from simcse_core.data.readers import read_data
from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.groups import Groups, find_groups, name_groups


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--names", type=int, default=20, help="groups whose names are shown, evenly by size")
    parser.add_argument("--rows", type=int, help="only so many texts, drawn with a seed (default: all)")
    options = parser.parse_args()
    data = read_data(options.data / "classify" / "banking77-train.csv")
    assert isinstance(data, Labelled)
    if options.rows:
        data = data.take(np.random.default_rng(0).permutation(len(data))[: options.rows].tolist())
    embeddings = SimCSE.load("minilm").encode(list(data.text))
    print(f"{len(data)} texts, {len(data.classes)} intents; {machine()}\n")
    print(f"{'':34} {'groups':>7} {'in none':>8} {'AMI':>6} {'AMI in groups':>14} {'seconds':>8}")
    groups = measure(data, embeddings)
    show_names(data, groups, options.names)


def measure(data: Labelled, embeddings: Embeddings) -> Groups:
    """A line for each way to find groups; ours is the answer."""
    started = time.perf_counter()
    groups = find_groups(embeddings)
    line("ours, shared neighbours", data, groups.of, started)
    started = time.perf_counter()
    plain = HDBSCAN(min_cluster_size=groups.smallest, min_samples=5, algorithm="brute", copy=True)
    line("HDBSCAN over the cosines", data, plain.fit(embeddings).labels_, started)
    started = time.perf_counter()
    means = KMeans(len(data.classes), n_init=1, random_state=0).fit(embeddings)
    line("k-means, told the number", data, means.labels_, started)
    return groups


def line(name: str, data: Labelled, labels: NDArray[np.int32], started: float) -> None:
    """Print what one way found."""
    seconds = time.perf_counter() - started
    intents, inside = np.array(data.label), labels >= 0
    whole = adjusted_mutual_info_score(intents, labels)
    within = adjusted_mutual_info_score(intents[inside], labels[inside])
    print(
        f"{name:34} {labels.max() + 1:7} {(~inside).mean():8.0%} {whole:6.3f} {within:14.3f} {seconds:8.1f}", flush=True
    )


def show_names(data: Labelled, groups: Groups, count: int) -> None:
    """A line for some groups: what they are called, and which intent most of their texts have."""
    names = name_groups(data.text, groups, "en")
    print(f"\n{'texts':>5}  {'name':52}  {'most have the intent':36}  {'share':>5}  most central text")
    for place in np.linspace(0, groups.count - 1, min(count, groups.count)).round().astype(int).tolist():
        intent, most = Counter(data.label[row] for row in groups.rows(place)).most_common(1)[0]
        name = names[place]
        print(f"{name.size:5}  {name.title:52}  {intent:36}  {most / name.size:5.0%}  {data.text[name.central][:60]}")


if __name__ == "__main__":
    main()

"""Whether claims hold: how often intervals hold the truth, and how often a race names a winner where there is none.

    python -m benchmarks.verdicts coverage [DATA] [--trials 400]
    python -m benchmarks.verdicts winners FILE [--seeds 12]

`coverage` draws samples of 20, 50, 100 and 200 items, synthetic ones and, with DATA (a folder with `sts/`, `match/`,
`qa/` and `classify/`), rows of real data as minilm sees them; it prints in how many of the trials the interval of each
metric, and that of the paired difference to a second model, holds the truth. The second model is a somewhat noisier
one, or layer 3 of minilm. Labelled items are ranked among each other; classifiers are a share like any other.

`winners` trains the losses of the default race with many seeds, for labelled texts, pairs and scored pairs, keeps the
results in FILE, and races each loss against itself: some of its seeds against others. What is ahead there by more than
the noise is a false winner. FILE is read when it is there.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from benchmarks.coverage import SIZES, Population, coverage, real, synthetic
from benchmarks.machine import machine
from simcse_core import SimCSE
from simcse_core.data.kinds import Dataset, text_columns
from simcse_core.data.opening import open_data
from simcse_core.data.readers import read_data
from simcse_core.data.splits import split
from simcse_core.jsonable import jsonable
from simcse_core.learning.race import Contestant, verdict
from simcse_core.learning.records import BeforeAndAfter
from simcse_core.meaning.items import Items

REAL = {
    "STS-B": "sts/stsb-en-dev.csv",
    "MRPC": "match/mrpc-train.csv",
    "TREC QA": "qa/trecqa-train.csv",
    "Banking77": "classify/banking77-train.csv",
}
CLASSES = 10
"""Of Banking77, so that samples of 20 have texts that belong together."""
TRAININGS = TypeAdapter(dict[str, list[BeforeAndAfter]])
"""By data and loss, for each seed the held-out results before and after training."""
TRAINED = {"intents-en": ("cross_entropy", "triplet"), "pairs-en": ("bce", "cross_entropy"), "scored-en": ("cosent",)}
SEEDS_OF_A_SIDE = (1, 2, 3, 5)
DRAWS = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    commands = parser.add_subparsers(required=True)
    covers = commands.add_parser("coverage")
    covers.add_argument("data", type=Path, nargs="?")
    covers.add_argument("--trials", type=int, default=400)
    covers.set_defaults(command=lambda options: print_coverage(options.data, options.trials))
    wins = commands.add_parser("winners")
    wins.add_argument("file", type=Path)
    wins.add_argument("--seeds", type=int, default=12)
    wins.set_defaults(command=lambda options: print_winners(options.file, options.seeds))
    options = parser.parse_args()
    print(machine())
    options.command(options)


def print_coverage(data: Path | None, trials: int) -> None:
    """A line for each population, size and metric: in % of the trials."""
    print(f"\n{'':22} {'metric':24} {'items':>5} {'truth':>6} {'single':>7} {'paired':>7}")
    lowest = {"single": 100.0, "paired": 100.0}
    for population in [*synthetic(), *([] if data is None else real_populations(data))]:
        for n in SIZES:
            for row in coverage(population, n, trials, max(2 * trials, 1_000)):
                print(
                    f"{row.population:22} {row.metric:24} {n:5} {row.truth:6.3f} {row.single:7.1f} {row.paired:7.1f}",
                    flush=True,
                )
                lowest = {
                    "single": min(lowest["single"], row.single),
                    "paired": min(lowest["paired"], row.paired),
                }
    print(f"\nlowest: single {lowest['single']:.1f}, paired {lowest['paired']:.1f}")


def real_populations(folder: Path) -> Iterator[Population]:
    """Rows of real data under minilm and under its layer 3."""
    models = [SimCSE.load("minilm"), SimCSE.load("minilm", layer=3)]
    for name, file in REAL.items():
        data = _few_classes(read_data(folder / file))
        parts = [
            np.split(model.encode([text for column in text_columns(data) for text in column]), len(text_columns(data)))
            for model in models
        ]
        yield real(data, [list(of_model) for of_model in parts], name)


def _few_classes(data: Dataset) -> Dataset:
    labels = getattr(data, "label", ())
    if not labels or not isinstance(labels[0], str):
        return data
    classes = set(sorted(set(labels))[:CLASSES])
    return data.take([index for index, label in enumerate(labels) if label in classes])


def print_winners(file: Path, seeds: int) -> None:
    """How often a loss beats itself, in % of the draws."""
    if not file.exists():
        file.write_text(json.dumps(jsonable(trained(seeds))), encoding="utf-8")
    trainings = TRAININGS.validate_json(file.read_bytes())
    print(f"\n{DRAWS:,} draws of seeds against others: false winners in %, on the metric that decides; in brackets")
    print("what an interval of the lead above 0 alone would say, without the rule that fewer than three name no winner")
    print(f"{'':32}" + "".join(f"{f'{count} seeds':>16}" for count in SEEDS_OF_A_SIDE))
    for name, of_seeds in trainings.items():
        items = [(one.before, one.after) for one in of_seeds]
        rates = [false_winners(items, count) for count in SEEDS_OF_A_SIDE if 2 * count <= len(items)]
        print(f"{name:32}" + "".join(f"{f'{named:.1f} ({above:.1f})':>16}" for named, above in rates), flush=True)


def false_winners(items: Sequence[tuple[Items, Items]], count: int) -> tuple[float, float]:
    """In % of the draws `count` trainings of a loss are ahead of `count` others of the same loss.

    Returns:
        How often that is said, and how often the interval of the lead is above 0.
    """
    chance, named, above = np.random.default_rng(0), 0, 0
    for _draw in range(DRAWS):
        drawn = chance.permutation(len(items))[: 2 * count]
        sides = {"one": drawn[:count], "other": drawn[count:]}
        contestants = [
            Contestant(side, seed, items[place][0], items[place][1], seconds=1.0, texts_per_second=None)
            for side, places in sides.items()
            for seed, place in enumerate(places)
        ]
        outcome = verdict(contestants)
        named += outcome is not None and outcome.clear
        above += outcome is not None and outcome.lead.low > 0
    return 100 * named / DRAWS, 100 * above / DRAWS


def trained(seeds: int) -> dict[str, list[BeforeAndAfter]]:
    """By data and loss, the held-out results before and after training with each seed."""
    from simcse_core.learning.baselines import with_classifiers
    from simcse_core.learning.cached_encoder import CachedEncoder
    from simcse_core.learning.ended import Ended
    from simcse_core.learning.race import settings_of
    from simcse_core.learning.settings import TrainingSettings
    from simcse_core.learning.training import train
    from simcse_core.runs.race import equal_sentences

    trainings: dict[str, list[BeforeAndAfter]] = {}
    for name, losses in TRAINED.items():
        data, dev = split(open_data(name))
        plan = TrainingSettings(epochs=8, batch_size=32, learning_rate=3e-4, tune="top:3")
        for loss in losses:
            for seed in range(seeds):
                model = SimCSE.load("minilm", layer=3)
                encoder = CachedEncoder(model, plan.tune)
                before = with_classifiers(Items(), encoder, data, dev)
                *_records, ended = train(
                    model, data, dev, settings_of(equal_sentences(plan, data), loss, seed), cached_encoder=encoder
                )
                assert isinstance(ended, Ended)
                assert ended.before is not None
                assert ended.after is not None
                both = BeforeAndAfter(
                    before=ended.before.items.with_values(before.values),
                    after=with_classifiers(ended.after.items, encoder, data, dev),
                )
                trainings.setdefault(f"{name}, {loss}", []).append(both)
                print(name, loss, seed, flush=True)
    return trainings


if __name__ == "__main__":
    main()

"""`train --folds` and `train --final`: every fold held out once, and a last training on all rows."""

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from simcse_core.commands.printing import print_metrics, print_record
from simcse_core.commands.queued_training import cancelling, follow, queued, resuming, say
from simcse_core.errors import OptionError
from simcse_core.plain import printable

if TYPE_CHECKING:
    from simcse_core.runs.config import RunConfig
    from simcse_core.runs.run import Run


def check(options: argparse.Namespace, *, several: bool) -> None:
    """Refuse what these flags cannot do together with others.

    Args:
        options: of the command.
        several: whether there are several processes.

    Raises:
        OptionError: they cannot.
    """
    all_folds = options.folds is not None and options.fold is None
    flag = "--final" if options.final else "--folds"
    if (all_folds or options.final) and several:
        raise OptionError("{flag} trains in one process: start it without accelerate launch.", flag=flag)
    if (all_folds or options.final) and options.resume:
        raise OptionError("--resume goes on with one run. Leave {flag} out.", flag=flag)
    if all_folds and options.output and not options.final:
        raise OptionError("--output is the folder of one run. Add --fold to train one fold, --final, or leave it out.")


def train_folds(config: "RunConfig", options: argparse.Namespace) -> "list[Run]":
    """Train with every fold held out once, and say what all of them show together.

    Args:
        config: described, with the number of folds.

    Returns:
        The finished runs.
    """
    from simcse_core.runs import folds

    runs = queued(folds.configs(config), options, output=False)
    with cancelling(runs, "the same command; folds that are finished are not trained again."):
        for number, run in enumerate(runs, 1):
            if options.format == "text":
                print(f"fold {number}/{len(runs)}  run {printable(run.id)}", flush=True)
            follow(run, partial(_print_of_fold, number, options.format))
    found = folds.result(runs)
    record = folds.record(runs, found)
    if options.format == "json":
        print_record(record, "json")
    else:
        _print_folds(record)
    return runs


def train_final(config: "RunConfig", runs: "Sequence[Run]", options: argparse.Namespace) -> None:
    """Train once more on all rows, after runs that were measured on a part of them.

    Args:
        config: of those runs.
        runs: those, finished.
    """
    from simcse_core.jsonable import jsonable
    from simcse_core.runs import folds

    final = folds.final(config, runs)
    estimate: dict[str, Any] = jsonable(folds.estimate(runs))
    say([folds.final_in_words(config, final)])
    (run,) = queued([final], options)
    if options.format == "text":
        print(f"final  run {printable(run.id)}", flush=True)
    with cancelling([run], resuming(run)):
        follow(run, partial(_print_of_final, estimate, options.format))
    if options.format == "text":
        before, *after = folds.estimate_in_words(config)
        print(before.message)
        print_metrics({"estimated": estimate})
        for sentence in after:
            print(printable(sentence.message))


def _print_folds(record: dict[str, Any]) -> None:
    """What all folds show, in words."""
    from simcse_core.runs.folds import SENTENCES

    print(f"all {record['folds']} folds")
    beside = {name: found for name, found in record["beside"].items() if found != record["dev_before"]}
    print_metrics({"trained": record["dev_after"], "before": record["dev_before"], **beside})
    ways = {found["over"] for found in record["dev_after"].values()}
    for way in sorted(ways, reverse=True):
        print(SENTENCES[f"over_{way}"])
    if record["diverged"]:
        print(SENTENCES["diverged"].format(count=record["diverged"], folds=record["folds"]))


def _print_of_fold(number: int, form: str, record: dict[str, Any]) -> None:
    print_record({**record, "fold": number}, form)


def _print_of_final(estimate: dict[str, Any], form: str, record: dict[str, Any]) -> None:
    more = {"estimate": estimate} if record["event"] == "finished" else {}
    print_record({**record, **more, "final": True}, form)

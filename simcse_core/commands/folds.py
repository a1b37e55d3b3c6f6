"""`train --folds` and `train --final`: every fold held out once, and a last training on all rows."""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from simcse_core.commands.printing import print_json_line, print_metrics, print_record
from simcse_core.commands.queued_training import cancelling, follow, queued, resuming, say
from simcse_core.errors import OptionError
from simcse_core.plain import printable

if TYPE_CHECKING:
    from simcse_core.learning.records import Record
    from simcse_core.meaning.intervals import Interval
    from simcse_core.runs.config import RunConfig
    from simcse_core.runs.folds import FoldMetric, FoldsResult
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
    result = folds.result(runs)
    if options.format == "json":
        print_json_line(folds.record(runs, result))
    else:
        _print_folds(runs, result)
    return runs


def train_final(config: "RunConfig", runs: "Sequence[Run]", options: argparse.Namespace) -> None:
    """Train once more on all rows, after runs that were measured on a part of them.

    Args:
        config: of those runs.
        runs: those, finished.
    """
    from simcse_core.runs import folds

    final = folds.final(config, runs)
    estimate = folds.estimate(runs)
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


def _print_folds(runs: "Sequence[Run]", result: "FoldsResult") -> None:
    """What all folds show, in words."""
    from simcse_core.runs.folds import SENTENCES

    print(f"all {len(runs)} folds")
    beside = {name: metrics for name, metrics in result.beside.items() if metrics != result.before}
    print_metrics({"trained": result.after, "before": result.before, **beside})
    for way in sorted({metric.over for metric in result.after.values()}, reverse=True):
        print(SENTENCES[f"over_{way}"])
    if result.diverged:
        print(SENTENCES["diverged"].format(count=result.diverged, folds=len(runs)))


def _print_of_fold(number: int, form: str, record: "Record") -> None:
    if form == "json":
        print_json_line({**dict(record), "fold": number})
    else:
        print_record(record, form)


def _print_of_final(estimate: "Mapping[str, FoldMetric | Interval]", form: str, record: "Record") -> None:
    from simcse_core.learning.records import Finished

    if form == "json":
        more = {"estimate": estimate} if isinstance(record, Finished) else {}
        print_json_line({**dict(record), **more, "final": True})
    else:
        print_record(record, form)

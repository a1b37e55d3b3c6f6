"""The command `runs`: lists, shows, exports, imports, cancels, resumes, renames and deletes any user's runs."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.commands.options import Parser, add_action, add_actions
from simcse_core.commands.output import output_file
from simcse_core.commands.printing import print_answer, print_run, print_runs
from simcse_core.errors import OptionError, RunError
from simcse_core.jsonable import jsonable
from simcse_core.plain import printable

if TYPE_CHECKING:
    from simcse_core.runs.run import Run

NAME = "runs"
HELP = "Trained and queued runs: list, show, export, import, cancel, resume, rename, delete."


def add_arguments(parser: Parser) -> None:
    """Add the actions with their flags."""
    actions = add_actions(parser, "[ACTION]")
    add_action(actions, "list", run, "List all runs, the newest first.")
    for name, action, summary in (
        ("show", _show, "Show the settings and results of a run, and the command that repeats it."),
        ("export", _export, "Write a finished run as a bundle: a zip file with model, settings and metrics."),
        ("cancel", _cancel, "Stop a run, or take it out of the queue."),
        ("resume", _resume, "Queue a stopped run again; it continues where it stopped."),
        ("rename", _rename, "Give a run a name."),
        ("delete", _delete, "Delete a run and its model."),
    ):
        added = add_action(actions, name, action, summary)
        added.add_argument("run", metavar="ID", help="id of the run, or its folder")
        if name == "export":
            added.add_argument("--output", help="the file to write (default: ID.zip)")
            added.add_argument(
                "--complete",
                action="store_true",
                help="with the whole model, even if the run stores only what its training has changed",
            )
        if name == "rename":
            added.add_argument("name", metavar="NAME", help="at most 80 characters; '' removes the name")
        if name == "delete":
            added.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    add_action(actions, "import", _import, "Import a bundle as a new finished run.").add_argument("file")


def run(options: argparse.Namespace) -> None:
    """List all runs, the newest first."""
    from simcse_core.runs.schedule import places
    from simcse_core.runs.store import listed_runs
    from simcse_core.runs.summary import summarise

    summaries = [(run, summarise(run)) for run in reversed(listed_runs())]
    waiting = places() if any(summary.state == "queued" for _run, summary in summaries) else {}
    answer = [
        {
            **asdict(summary),
            "gain": summary.gain,
            "place": waiting[run.id].position if run.id in waiting else None,
            "folder": str(run.folder),
        }
        for run, summary in summaries
    ]
    print_answer(answer, options.format, print_runs)


def _show(options: argparse.Namespace) -> None:
    from simcse_core.learning.records import Finished, Note
    from simcse_core.runs.reproduce import as_carried_out, command
    from simcse_core.runs.summary import summarise

    run = _named(options.run)
    summary = summarise(run)
    config, records = (None, []) if summary.damaged else (run.config, run.records())
    end = Finished() if summary.damaged else run.finished() or Finished()
    answer: dict[str, Any] = {
        **asdict(summary),
        "owners": list(run.about.owners),
        "folder": str(run.folder),
        "trained_model": str(run.model) if run.model.is_dir() else None,
        "dev_as_it_comes": jsonable(end.dev_as_it_comes),
        "dev_before": jsonable(end.dev_before),
        "dev_after": jsonable(end.dev_after),
        "notes": [record.message for record in records if isinstance(record, Note)],
        "command": None if config is None else command(as_carried_out(config, records)),
        "config": None if config is None else config.model_dump(mode="json"),
    }
    print_answer(answer, options.format, print_run)


def _export(options: argparse.Namespace) -> None:
    from simcse_core.runs.bundles import write_bundle

    run = _named(options.run)
    file = output_file(options.output or f"{run.id}.zip")
    write_bundle(run, file, complete=options.complete)
    megabytes = round(file.stat().st_size / 1_000_000, 1)
    print_answer({"run": run.id, "file": str(file), "megabytes": megabytes}, options.format)


def _import(options: argparse.Namespace) -> None:
    from simcse_core.runs.bundles import read_bundle

    run = read_bundle(Path(options.file), owner="cli")
    print_answer({"run": run.id, "title": run.title, "model": str(run.model)}, options.format)


def _cancel(options: argparse.Namespace) -> None:
    from simcse_core.runs import queue

    run = _named(options.run)
    if run.status.state.is_over:
        raise RunError("The run {run} is over: it is {state}.", run=run.id, state=run.status.state)
    queue.cancel(run, None)
    print_answer({"run": run.id, "state": run.status.state}, options.format)


def _resume(options: argparse.Namespace) -> None:
    from simcse_core.runs import queue

    run = _named(options.run)
    queue.resume(run, None)
    print_answer({"run": run.id, "state": run.status.state}, options.format)


def _rename(options: argparse.Namespace) -> None:
    run = _named(options.run)
    run.rename(options.name, None)
    print_answer({"run": run.id, "title": run.title}, options.format)


def _delete(options: argparse.Namespace) -> None:
    from simcse_core.home import run_folder
    from simcse_core.runs.store import delete

    run = _named(options.run)
    if run_folder(run.id) is None:  # somebody named the folder, and may have other things in it
        raise RunError("{folder} was chosen with --output; delete it by hand.", folder=run.folder)
    if not options.yes and not _confirmed(run):
        raise OptionError("{run} was not deleted. Answer yes, or add --yes.", run=run.id)
    delete(run, None)
    print_answer({"run": run.id, "state": "deleted"}, options.format)


def _confirmed(run: "Run") -> bool:
    """Whether somebody at a terminal says yes. Nobody can be asked elsewhere."""
    if not sys.stdin.isatty():
        return False
    question = f"Delete {run.id} ({printable(run.title)}) with its model? This cannot be undone. [y/N] "
    print(question, end="", file=sys.stderr)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _named(name: str) -> "Run":
    """A run by its id, or by its folder.

    Raises:
        RunError: there is none.
    """
    from simcse_core.runs.store import Run, get

    folder = Path(name)
    is_folder = (folder / "config.json").is_file() and (folder / "status.json").is_file()
    return Run(folder.resolve()) if is_folder else get(name)

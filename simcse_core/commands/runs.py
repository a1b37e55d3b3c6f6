"""The commands `runs …`: what was trained here, looked at, passed on, stopped, removed. They are the operator's."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.commands.options import Parser, add_action, add_command, output_file
from simcse_core.commands.printing import Answer, print_table
from simcse_core.errors import OptionError, RunError
from simcse_core.plain import printable

if TYPE_CHECKING:
    from simcse_core.runs.run import Run
    from simcse_core.runs.summary import Summary

Action = Callable[[argparse.Namespace], Answer | None]


def add_to(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the commands with their flags."""
    runs = add_command(commands, "runs", _list, "What was trained: list, show, export, import, cancel, delete …")
    actions = runs.add_subparsers(metavar="[ACTION]", parser_class=Parser)
    add_action(actions, "list", _list, "All runs, the newest first.")
    for name, action, summary in (
        ("show", _show, "What a run did, and the command that does it again."),
        ("export", _export, "Write a finished run as a bundle: model, settings, metrics."),
        ("cancel", _cancel, "Stop a run, or take it out of the queue."),
        ("resume", _resume, "Queue a run again that has stopped; it goes on from where it was."),
        ("rename", _rename, "Give a run a name."),
        ("delete", _delete, "Remove a run and its model."),
    ):
        added = add_action(actions, name, action, summary)
        added.add_argument("run", metavar="ID", help="of the run, or its folder")
        if name == "export":
            added.add_argument("--output", help="the file to write (default: ID.zip)")
        if name == "rename":
            added.add_argument("name", metavar="NAME", help="at most 80 characters; '' takes the name away")
        if name == "delete":
            added.add_argument("--yes", action="store_true", help="do not ask")
    add_action(actions, "import", _import, "Take a bundle in as a new finished run.").add_argument("file")


def _list(options: argparse.Namespace) -> Answer | None:
    from simcse_core.runs.schedule import places
    from simcse_core.runs.store import all_runs
    from simcse_core.runs.summary import summarise

    found = [summarise(run) for run in all_runs()][::-1]
    if options.format == "text":
        _print_list(found)
        return None
    waiting = places() if any(run.state == "queued" for run in found) else {}
    return [
        {**asdict(run), "gain": run.gain, "place": waiting[run.id].position if run.id in waiting else None}
        for run in found
    ]


def _show(options: argparse.Namespace) -> Answer | None:
    from simcse_core.runs.reproduce import as_carried_out, command
    from simcse_core.runs.summary import summarise

    run = _run(options.run)
    summary = summarise(run)
    config, records = (None, []) if summary.damaged else (run.config, run.records())
    last = records[-1] if records and records[-1]["event"] == "finished" else {}
    answer: dict[str, Any] = {
        **asdict(summary),
        "owners": list(run.about.owners),
        "folder": str(run.folder),
        "trained_model": str(run.model) if run.model.is_dir() else None,
        "dev_as_it_comes": last.get("dev_as_it_comes"),
        "dev_before": last.get("dev_before"),
        "dev_after": last.get("dev_after"),
        "notes": [record.get("message", "") for record in records if record["event"] == "note"],
        "command": None if config is None else command(as_carried_out(config, records)),
        "config": None if config is None else config.model_dump(mode="json"),
    }
    if options.format == "json":
        return answer
    _print_run(summary, answer)
    return None


def _export(options: argparse.Namespace) -> Answer:
    from simcse_core.runs.bundles import write_bundle

    run = _run(options.run)
    file = output_file(options.output or f"{run.id}.zip")
    write_bundle(run, file)
    return {"run": run.id, "file": str(file), "megabytes": round(file.stat().st_size / 1_000_000, 1)}


def _import(options: argparse.Namespace) -> Answer:
    from simcse_core.runs.bundles import read_bundle

    run = read_bundle(Path(options.file), owner="cli")
    return {"run": run.id, "title": run.title, "model": str(run.model)}


def _cancel(options: argparse.Namespace) -> Answer:
    from simcse_core.runs import queue

    run = _run(options.run)
    if run.status.state.is_over:
        raise RunError("The run {run} is over: it is {state}.", run=run.id, state=run.status.state)
    queue.cancel(run, None)
    return {"run": run.id, "state": run.status.state}


def _resume(options: argparse.Namespace) -> Answer:
    from simcse_core.runs import queue

    run = _run(options.run)
    queue.resume(run, None)
    return {"run": run.id, "state": run.status.state}


def _rename(options: argparse.Namespace) -> Answer:
    run = _run(options.run)
    run.rename(options.name, None)
    return {"run": run.id, "title": run.title}


def _delete(options: argparse.Namespace) -> Answer:
    from simcse_core.home import run_folder
    from simcse_core.runs.store import delete

    run = _run(options.run)
    if run_folder(run.id) is None:  # somebody named the folder, and may have other things in it
        raise RunError("The run in {folder} has a folder of yours. Remove it yourself.", folder=run.folder)
    if not options.yes and not _confirmed(run):
        raise OptionError("{run} was not removed. Say yes, or add --yes.", run=run.id)
    delete(run, None)
    return {"run": run.id, "state": "deleted"}


def _confirmed(run: "Run") -> bool:
    """Whether somebody at a terminal says yes. Nobody can be asked elsewhere."""
    if not sys.stdin.isatty():
        return False
    print(
        f"Remove {run.id} ({printable(run.title)}) with its model? This cannot be undone. [y/N] ",
        end="",
        file=sys.stderr,
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _run(name: str) -> "Run":
    """A run by its id, or by its folder.

    Raises:
        RunError: there is none.
    """
    from simcse_core.runs.store import Run, get

    folder = Path(name)
    return (
        Run(folder.resolve())
        if (folder / "config.json").is_file() and (folder / "status.json").is_file()
        else get(name)
    )


def _print_list(runs: "list[Summary]") -> None:
    if not runs:
        print("No runs yet. Start one: python -m simcse_core train --data intents-en --loss supcon")
        return
    print_table(
        ("run", "state", "title", "metric", "before", "after", "seconds"),
        [
            (run.id, "damaged" if run.damaged else run.state, run.title, run.metric or "", _number(run.before),
             _number(run.after), "" if run.seconds is None else f"{run.seconds:.0f}")
            for run in runs
        ],
    )  # fmt: skip


def _print_run(run: "Summary", answer: dict[str, Any]) -> None:
    start = run.model if run.layer is None else f"{run.model}, layer {run.layer}"
    created = _time(run.created)
    lines = {
        "run": run.id,
        "title": run.title,
        "state": f"{run.state}  {run.message}".strip(),
        "created": f"{created}{', imported' if run.imported else ''}",
        "data": run.data,
        "started from": start,
        run.metric or "metric": "" if run.after is None else f"{_number(run.before)} -> {_number(run.after)}",
        "seconds": "" if run.seconds is None else f"{run.seconds:.1f}",
        "model": answer["trained_model"] or "",
        "command": answer["command"] or "unknown: the run is damaged",
    }
    for name, value in lines.items():
        if value:
            print(f"{name:24} {printable(value)}")
    for note in answer["notes"]:
        print(f"{'note':24} {printable(note)}")


def _time(seconds: float) -> str:
    """In the time zone of this machine; "" when it is not known, whatever a damaged file says."""
    from simcse_core.learning.records import LATEST

    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}" if 0 < seconds < LATEST else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"

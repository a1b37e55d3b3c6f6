"""The tasks of the suites, and where each is found: in a folder, on the hub, or among the bundled data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from simcse_core.errors import OptionError

Suite = Literal["sts", "matching", "classification", "answers"]
SUITES: tuple[Suite, ...] = get_args(Suite)
ALL = "all"

KIND_OF: dict[Suite, str] = {
    "sts": "scored",
    "matching": "pairs",
    "classification": "labelled",
    "answers": "answers",
}
"""What kind of data a suite measures on."""


@dataclass(frozen=True)
class Task:
    """One data set that models are measured on."""

    name: str
    """As papers call it."""
    suite: Suite
    files: tuple[str, ...] = ()
    """Names of its file in a folder, without the ending; the first that is there counts."""
    train: tuple[str, ...] = ()
    """The same of what a classifier learns from; where there is no test file a fifth of it is held out."""
    hub: str = ""
    """Its data set on the hub; "" for none that is known."""
    hub_train: str = ""
    """The same of what a classifier learns from."""
    columns: dict[str, str] = field(default_factory=dict)
    """On the hub: ours -> its own names."""
    bundled: str = ""
    """Its name among the bundled data."""
    language: str = "en"


def _sts(name: str, file: str, hub: str = "", language: str = "en") -> Task:
    return Task(name, "sts", tuple(dict.fromkeys((file, file.replace("-en-", "-")))), hub=hub, language=language)


def _bundled(suite: Suite, *names: str) -> tuple[Task, ...]:
    return tuple(
        Task(f"bundled {name}-{language}", suite, bundled=f"{name}-{language}", language=language)
        for name in names
        for language in ("en", "zh")
    )


TASKS: tuple[Task, ...] = (
    *(_sts(f"STS{year}", f"sts{year}", f"hub:mteb/sts{year}-sts:test") for year in range(12, 17)),
    _sts("STS-B test", "stsb-en-test", "hub:mteb/stsbenchmark-sts:test"),
    _sts("STS-B dev", "stsb-en-dev", "hub:mteb/stsbenchmark-sts:validation"),
    _sts("SICK test", "sick-test", "hub:mteb/sickr-sts:test"),
    _sts("SICK dev", "sick-dev"),
    _sts("STS-B test, Chinese", "stsb-zh-test", "hub:C-MTEB/STSB:test", "zh"),
    _sts("STS-B dev, Chinese", "stsb-zh-dev", "hub:C-MTEB/STSB:validation", "zh"),
    Task("MRPC test", "matching", ("mrpc-test",), hub="hub:nyu-mll/glue/mrpc:test"),
    Task("MRPC dev", "matching", ("mrpc-dev",), hub="hub:nyu-mll/glue/mrpc:validation"),
    Task(
        "LCQMC test, Chinese",
        "matching",
        ("lcqmc-zh-test",),
        hub="hub:C-MTEB/LCQMC:test",
        columns={"label": "score"},
        language="zh",
    ),
    Task("LCQMC dev, Chinese", "matching", ("lcqmc-zh-dev",), language="zh"),
    Task(
        "Banking77",
        "classification",
        ("banking77-test",),
        ("banking77-train",),
        hub="hub:mteb/banking77:test",
        hub_train="hub:mteb/banking77:train",
        columns={"label": "label_text"},
    ),
    Task(
        "SMS spam",
        "classification",
        ("sms-spam-test",),
        ("sms-spam-train",),
        hub_train="hub:ucirvine/sms_spam:train",
        columns={"text": "sms"},
    ),
    Task("TREC QA test", "answers", ("trecqa-test",)),
    Task("TREC QA dev", "answers", ("trecqa-dev",)),
    *_bundled("sts", "scored"),
    *_bundled("matching", "pairs"),
    *_bundled("classification", "intents", "sentiment", "spam"),
    *_bundled("answers", "answers"),
)
"""In the order in which they are shown."""


def tasks_of(suites: Sequence[str]) -> list[Task]:
    """The tasks of suites, in the order in which they are shown.

    Args:
        suites: names of `SUITES`, or "all".

    Raises:
        OptionError: there is no such suite.
    """
    for suite in suites:
        if suite not in (*SUITES, ALL):
            raise OptionError(
                "There is no suite {given!r}. Choose one of: {choices}.", given=suite, choices=", ".join((*SUITES, ALL))
            )
    return [task for task in TASKS if ALL in suites or task.suite in suites]

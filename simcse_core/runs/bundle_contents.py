"""What an imported bundle says, checked before it becomes a run: nothing in it is trusted."""

import json
import math
import re
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from simcse_core.encoding.cards import CATALOGUE
from simcse_core.encoding.scratch import SIZES
from simcse_core.errors import RunError, UserError
from simcse_core.home import RUN_ID
from simcse_core.hub.names import is_hub_id
from simcse_core.learning.health import NOTES
from simcse_core.learning.settings import training_settings
from simcse_core.plain import printable
from simcse_core.runs.config import NOTHING, RunConfig, check_held_out

if TYPE_CHECKING:
    from simcse_core.encoding.frozen import FrozenEncoder
    from simcse_core.encoding.model import SimCSE

T = TypeVar("T")
FORMAT = 1
MOST = 10_000_000
"""No count is larger: steps, epochs, rows, the sizes of a model."""
MOST_SIZE = 1_000_000
"""Of a model: words, positions, dimensions."""
MOST_LAYERS = 200
_FEW = re.compile("layers|labels")
"""Names of counts for each of which something is made."""
BERTS = ("bert", "roberta", "xlm-roberta", "camembert", "distilbert", "mpnet", "electra", "deberta", "deberta-v2",
         "modernbert", "ernie")  # fmt: skip
"""What transformers calls the family."""
LARGEST_NUMBER = 2**31
"""In a configuration; seeds and learning rates are below."""
MOST_CHARACTERS = 500
"""Of a text; only notes are longer."""
MOST_STAGES = 50
Count = Annotated[int, Field(ge=0, le=MOST)]
Whole = Annotated[int, Field(ge=-MOST, le=MOST)]
Amount = Annotated[float, Field(ge=-1e40, le=1e40)]
"""Of numbers in single precision; their sums and means are numbers too."""
Positive = Annotated[float, Field(ge=0, le=1e12)]
Number = Whole | Amount | None
"""What is undefined is null."""
Words = Annotated[str, Field(max_length=2_000)]


class Description(BaseModel):
    """`bundle.json`: what a bundle is, for programs."""

    format: int
    name: str = Field(max_length=80)
    run: str = Field(max_length=100)
    """Id of the run where it was made."""
    command: str = Field(max_length=20_000)
    data_sha256: str
    dev_sha256: str
    model_sha256: str
    """Of the weights it started from."""
    versions: dict[str, str]


class _Checked(BaseModel):
    """What stands here is what is kept: nothing is turned into another type, and what has no name here is dropped."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, str_max_length=MOST_CHARACTERS)


class _Step(_Checked):
    step: Count
    steps: Count
    epoch: Count
    loss: Number
    learning_rate: Number = None
    gradient_norm: Number = None
    observed: dict[str, Number] = {}
    texts_per_second: Positive
    texts: Count = 0
    seconds: Positive
    event: Literal["step"]


class _Evaluation(_Checked):
    step: Count
    epoch: Count
    metrics: dict[str, Number]
    geometry: dict[str, Number]
    best: bool
    seconds: Positive
    event: Literal["evaluation"]


class _Note(_Checked):
    step: Count
    code: str
    template: Words
    values: dict[str, Whole | Amount | Words | None]
    event: Literal["note"]
    message: Words


class _Gain(_Checked):
    metric: Words
    over: Words
    value: Number
    low: Number
    high: Number


class _Finished(_Checked):
    event: Literal["finished"]
    run: str
    model: str
    base_model: str
    reason: str
    steps: Count
    kept_step: Count | None = None
    seconds: Positive
    dev_as_it_comes: dict[str, Number] | None = None
    dev_before: dict[str, Number] | None
    dev_after: dict[str, Number] | None
    gain: _Gain | None = None


class _Results(_Checked):
    values: dict[str, list[Number]]
    cosines: list[Amount]
    gold: list[Whole | Amount]
    of_pairs: list[Literal["spearman", "average_precision", "auc"]] | None = None
    pseudo_values: dict[str, list[Number]] | None = None


class _BeforeAndAfter(_Checked):
    before: _Results
    after: _Results


_RECORD: TypeAdapter[_Step | _Evaluation | _Note | _Finished] = TypeAdapter(
    Annotated[_Step | _Evaluation | _Note | _Finished, Field(discriminator="event")]
)


def description(folder: Path) -> Description:
    """What `bundle.json` says.

    Raises:
        RunError: it is damaged, or of a later version of this program.
    """
    found = _read(folder, "bundle.json", Description.model_validate_json)
    if found.format != FORMAT:
        raise RunError(
            "The bundle has the format {given}; this one reads {wanted}. Install the version that wrote it: {made}.",
            given=found.format,
            wanted=FORMAT,
            made=printable(found.versions.get("simcse_core", "?"))[:20],
        )
    return found


def config(folder: Path) -> RunConfig:
    """What `config.json` says. It names no file of this machine, whatever stands there.

    Raises:
        RunError: it is damaged, or names what this version does not have.
    """
    found = _read(folder, "config.json", _config)
    try:
        training_settings(found.settings.model_dump())
        check_held_out(found)
    except UserError as error:
        reason = printable(str(error))
        raise RunError("config.json of the bundle cannot be used: {reason}", reason=reason) from error
    return without_paths(found)


def without_paths(config: RunConfig) -> RunConfig:
    """The same, with the bare names of files in the place of their paths: these mean nothing on another machine, and
    must not lead anywhere there."""
    stages = tuple(
        stage.model_copy(update={"data": _bare_data(stage.data), "started_from": _bare_model(stage.started_from)})
        for stage in config.stages
    )
    return config.model_copy(
        update={
            "data": _bare_data(config.data),
            "dev": None if config.dev is None else _bare_dev(config.dev),
            "model": _bare_model(config.model),
            "stages": stages,
        }
    )


def records(folder: Path) -> list[dict[str, Any]]:
    """What `metrics.jsonl` says; the last record is that of a finished run.

    Raises:
        RunError: it is damaged.
    """

    def parse(text: str) -> list[dict[str, Any]]:
        return [_record(line) for line in text.splitlines() if line.strip()]

    found = _read(folder, "metrics.jsonl", parse)
    if not found or found[-1]["event"] != "finished":
        raise RunError("The bundle holds no finished run: metrics.jsonl has no end.")
    return found


def items(folder: Path) -> dict[str, Any] | None:
    """What `items.json` says: results per dev item. None when it is missing.

    Raises:
        RunError: it is damaged.
    """
    if not (folder / "items.json").exists():
        return None
    found: _BeforeAndAfter = _read(folder, "items.json", lambda text: _BeforeAndAfter.model_validate(_parse(text)))
    return found.model_dump()


def check_model(folder: Path) -> None:
    """Refuse a model that does not give embeddings, or that takes much more memory than its file.

    Raises:
        RunError: it cannot be loaded, and why.
    """
    from simcse_core.encoding import storage
    from simcse_core.encoding.layout import read_layout
    from simcse_core.encoding.saved import is_frozen

    name = "the model of the bundle"
    try:
        if is_frozen(folder):
            works = _gives_numbers(storage.load_frozen(folder, name))
        else:
            check_size(read_layout(folder, name).transformer)
            works = _gives_numbers(storage.load(folder, name))
    except Exception as error:
        reason = printable(str(error).strip().partition("\n")[0][:300]) or type(error).__name__
        raise RunError("The model in the bundle cannot be used: {reason}", reason=reason) from error
    if not works:
        raise RunError("The model in the bundle cannot be used: its vectors are no numbers.")


def _gives_numbers(model: "SimCSE | FrozenEncoder") -> bool:
    return all(math.isfinite(value) for value in model.encode(["A cat sleeps."])[0])


def check_size(folder: Path) -> None:
    """Refuse a configuration that asks for much more memory than the weights have; nothing large is made for it.

    Args:
        folder: of the BERT.

    Raises:
        RunError: it does, or it is not of the BERT family.
        OSError, ValueError: it cannot be read.
    """
    import torch
    from transformers import AutoConfig, AutoModel

    found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if found.get("model_type") not in BERTS:
        raise RunError("its configuration is of no model of the BERT family.")
    if found.keys() & {"attn_implementation", "_attn_implementation", "quantization_config"}:
        raise RunError("its configuration asks for other code.")
    _check_counts(found)
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"):  # shapes without memory
        model = AutoModel.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]
    needed = 4 * sum(tensor.numel() for tensor in chain(model.parameters(), model.buffers()))
    if needed > 2.2 * (folder / "model.safetensors").stat().st_size:  # weights in half precision become twice as large
        raise _larger()


def _check_counts(found: object, most: int = MOST_SIZE) -> None:
    """Refuse counts that take long before a model is even there: of layers above all."""
    if isinstance(found, dict):
        for name, value in found.items():
            _check_counts(value, MOST_LAYERS if _FEW.search(name) else most)
    elif isinstance(found, list):
        for value in found:
            _check_counts(value, most)
    elif isinstance(found, int) and abs(found) > most:
        raise _larger()


def _larger() -> RunError:
    return RunError("its configuration describes a larger model than its weights are.")


def _config(text: str) -> RunConfig:
    found = _parse(text)
    _check_values(found)
    config = RunConfig.model_validate(found)
    if len(config.stages) > MOST_STAGES:
        raise ValueError(f"more than {MOST_STAGES} trainings one after the other")
    return config


def _check_values(found: object) -> None:
    """Refuse texts and numbers of a size that nobody needs, however deep they stand."""
    if isinstance(found, dict):
        for name, value in found.items():
            _check_values(name)
            _check_values(value)
    elif isinstance(found, list):
        for value in found:
            _check_values(value)
    elif isinstance(found, str) and len(found) > MOST_CHARACTERS:
        raise ValueError(f"a text of more than {MOST_CHARACTERS} characters")
    elif isinstance(found, int | float) and abs(found) > LARGEST_NUMBER:
        raise ValueError("a number that is too large")


def _record(line: str) -> dict[str, Any]:
    record = _RECORD.validate_python(_parse(line))
    if isinstance(record, _Note) and not _is_ours(record):
        # A template is filled in on the screen; a stranger's is only words.
        template = record.message.replace("{", "{{").replace("}", "}}")
        return {**record.model_dump(), "template": template, "values": {}}
    return record.model_dump(exclude_unset=True)


def _parse(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _is_ours(note: _Note) -> bool:
    if NOTES.get(note.code) != note.template:
        return False
    try:
        return note.template.format(**note.values) == note.message
    except (ValueError, KeyError, TypeError):
        return False


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _bare_data(name: str) -> str:
    return name if name.startswith("hub:") else _last_part(name)


def _bare_dev(name: str) -> str:
    """A file that is called like the word for nothing stays a file."""
    bare = _bare_data(name)
    return f"./{bare}" if bare == NOTHING != name else bare


def _bare_model(name: str) -> str:
    known = name in CATALOGUE or name in SIZES or RUN_ID.fullmatch(name) or is_hub_id(name)
    return name if known else _last_part(name)


def _last_part(path: str) -> str:
    """Of a run's model the run, of every other path its last part."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if parts[-1:] == ["model"] and len(parts) > 1:
        parts.pop()
    return parts[-1] if parts else ""


def _read(folder: Path, file: str, parse: Callable[[str], T]) -> T:
    try:
        return parse((folder / file).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError("This file is no bundle: it has no {file}.", file=file) from error
    except (ValueError, RecursionError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)[:100]
        raise RunError("{file} of the bundle is damaged: {reason}.", file=file, reason=printable(reason)) from error

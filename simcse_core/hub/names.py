"""Names on the Hugging Face hub. Importing this loads no HTTP client, so that every page can afford it."""

import re

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
_HUB_ID = re.compile(rf"(?!.*(?:--|\.\.|\.git$)){_PART}/{_PART}")
"""As `huggingface_hub.utils.validate_repo_id`, which also allows a name without an owner and letters beyond ASCII."""
LONGEST = 96

DATA_PREFIX = "hub:"
"""Of a data set's name where a file may stand too."""


def is_hub_id(name: str) -> bool:
    """Whether the hub could have a repository of this name, owner/name. It never leads out of a folder."""
    return len(name) <= LONGEST and _HUB_ID.fullmatch(name) is not None


def as_folder(hub_id: str) -> str:
    """The name of the folder for a repository: owner--name, which no other repository has."""
    return hub_id.replace("/", "--")

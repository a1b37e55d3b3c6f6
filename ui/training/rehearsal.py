"""A few steps of a training, to see how long it will take. Runs in a worker, without Streamlit."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from simcse_core.runs.config import RunConfig, open_split


def seconds_of(config: RunConfig, uploads: Mapping[str, tuple[str, bytes]]) -> float:
    """How long a training takes on this machine, by a few measured steps that change nothing.

    Args:
        config: of the training.
        uploads: files that are not kept yet, by "data" and "dev": name and content.

    Raises:
        UserError: the training cannot be done.
    """
    from simcse_core.learning.estimate import estimate
    from simcse_core.learning.prompting import prompted
    from simcse_core.runs.execute import open_model

    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for side, (name, content) in uploads.items():
            path = Path(folder) / f"{side}{Path(name).suffix}"
            path.write_bytes(content)
            files[side] = str(path)
        data, dev = open_split(config.model_copy(update=files))
    model, data, dev = prompted(open_model(config, data), config.prompt, data, dev)
    # The first rehearsal of a process warms up, and whatever else the machine does only ever adds time.
    return min(estimate(model, data, dev, config.settings).seconds for _rehearsal in range(2))

"""Started as two processes: trains the tiny model in both together, and writes what came of it in each."""

import json
import sys
from pathlib import Path

from simcse_core.learning.processes import launched
from simcse_core.learning.records import Step
from simcse_core.learning.settings import training_settings
from simcse_core.learning.training import train
from tests.learning.small import TEXTS, data_of, tiny_model


def result(loss: str) -> dict[str, object]:
    """Loss and gradient norm of each step, and some vectors afterwards. An odd batch gives one process more than the
    other."""
    settings = training_settings(
        {"loss": loss, "epochs": 2, "batch_size": 25, "dropout": 0.0, "learning_rate": 1e-3, "precision": "float32"}
    )
    model = tiny_model()
    kind = {"mlm": "texts", "simcse": "texts", "center": "labelled", "supcon": "labelled"}.get(loss, "pairs")
    steps = [
        record for record in train(model, data_of(kind).take(range(47)), None, settings) if isinstance(record, Step)
    ]
    return {
        "losses": [step.loss for step in steps],
        "norms": [step.gradient_norm for step in steps],
        "observed": list(steps[0].observed.values()),
        "vectors": model.encode(TEXTS[:5]).tolist(),
    }


if __name__ == "__main__":
    found = {loss: result(loss) for loss in sys.argv[2:]}
    processes = launched()
    assert processes.count == 2
    Path(f"{sys.argv[1]}.{processes.index}").write_text(json.dumps(found))

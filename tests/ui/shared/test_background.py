import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent.parent.parent

APP = """
import os, time
from joblib.externals.loky import ProcessPoolExecutor
from ui.shared import background

if __name__ == "__main__":
    workers = ProcessPoolExecutor(max_workers=1, timeout=300, initializer=background._be_polite)
    print(workers.submit(os.getpid).result(), flush=True)
    time.sleep(100)
"""


def test_a_killed_app_takes_its_background_workers_with_it(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text(APP)
    command = [sys.executable, str(script)]
    environment = {"PYTHONPATH": str(ROOT)}
    app = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    assert app.stdout is not None
    with app.stdout:
        worker = psutil.Process(int(app.stdout.readline()))
    assert worker.is_running()
    app.kill()
    app.wait()
    end = time.monotonic() + 60
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.1)

"""The command `app`: starts the pages in a browser's reach, from an installed wheel or from the project's folder."""

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

from simcse_core.commands.options import Parser, whole
from simcse_core.errors import OptionError, UserError

NAME = "app"
HELP = "Start the pages; then open the address that it prints in a browser."
PORT = 8501
INSTALLED = "simcse_explorer"
"""The folder beside `simcse_core` in which a wheel has app.py; the project itself has it right there."""


def add_arguments(parser: Parser) -> None:
    """Add where it listens."""
    parser.add_argument("--port", type=whole(1, 65_535), default=PORT, help=f"(default: {PORT})")
    parser.add_argument(
        "--address",
        type=address,
        default="127.0.0.1",
        help="127.0.0.1 for this machine alone, 0.0.0.0 for all who can reach it (default: 127.0.0.1)",
    )


def address(text: str) -> str:
    """An address of this machine, for the flag."""
    try:
        return text if text == "localhost" else str(ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no address such as 127.0.0.1 or 0.0.0.0") from None


def run(options: argparse.Namespace) -> None:
    """Run Streamlit on app.py until Ctrl-C.

    Raises:
        OptionError: what the pages need is not installed.
        UserError: the pages are not there, or could not be started.
    """
    if find_spec("streamlit") is None or find_spec("plotly") is None:
        raise OptionError("The pages need more packages. Run: pip install 'simcse-explorer[app]'")
    folder = app_folder()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "streamlit", "run", str(folder / "app.py"), "--server.port", str(options.port)]
    _become([*command, "--server.address", options.address], folder, environment)


def _become(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run Streamlit in the place of this process, so that who ends it ends the pages.

    In the folder of the app Streamlit finds its settings (.streamlit/config.toml).
    """
    if os.name == "posix":
        os.chdir(folder)
        os.execve(command[0], command, environment)  # noqa: S606 - a list of our own
    elif status := subprocess.call(command, cwd=folder, env=environment):
        raise UserError("The pages could not be started: Streamlit ended with {status}.", status=status)


def app_folder() -> Path:
    """The folder that holds app.py with its pages.

    Raises:
        UserError: there is none.
    """
    beside = Path(__file__).resolve().parent.parent.parent
    for folder in (beside / INSTALLED, beside):
        if (folder / "app.py").is_file() and (folder / "ui").is_dir():
            return folder
    raise UserError("The pages are not beside {folder}. Install simcse-explorer again.", folder=beside)

"""What a wheel holds beside the core: the app, in a folder of its own, so that `ui` and `pages` are nobody's packages.

All else stands in pyproject.toml, which can name folders but cannot find those that move.
"""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

APP = "simcse_explorer"
"""The folder in which `simcse-explorer app` finds app.py; see `simcse_core/commands/app.py`."""


class Build(build_py):
    """As setuptools', without this file."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """(package, module, file) of each module of a package."""
        return [found for found in super().find_package_modules(package, package_dir) if found[1] != "setup"]


folders = [
    folder
    for top in ("ui", "pages")
    for folder in (top, *(f"{top}/{name.replace('.', '/')}" for name in find_packages(top)))
]
data = [path for path in Path("ui").rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]

setup(
    cmdclass={"build_py": Build},
    packages=[
        *find_packages(include=["simcse_core", "simcse_core.*"]),
        APP,
        *(f"{APP}.{name.replace('/', '.')}" for name in folders),
    ],
    package_dir={APP: ".", **{f"{APP}.{name.replace('/', '.')}": name for name in folders}},
    package_data={
        "simcse_core": ["py.typed"],
        "simcse_core.data": ["bundled/*"],
        APP: [".streamlit/config.toml"],
        f"{APP}.ui": [path.relative_to("ui").as_posix() for path in data],
    },
)

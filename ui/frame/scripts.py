"""JavaScript modules that import each other, as one script.

The browser cannot fetch them one by one: Streamlit serves the files of components out of installed packages only, and a
page that was saved has no server. Bundlers that are wheels of their own weigh megabytes; these modules need no more of
the language than named imports, so the imports are followed here.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_IMPORT = re.compile(r'^import \{([^{}]+)\} from "(\.[^"]+)"$', re.MULTILINE)
_COMMENT = re.compile(r"^ *//.*\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
_ENTRY = re.compile(r"^export default (?=function\b)", re.MULTILINE)
_UNREAD = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


@dataclass(frozen=True)
class _Module:
    path: Path
    variable: str
    """Holds what it exports."""
    code: str
    """Without comments and without the words import and export."""
    exports: tuple[str, ...]

    def enclosed(self) -> str:
        """The code in a function, so that no other module sees its names."""
        exports = f"return {{ {', '.join(self.exports)} }}"
        return f"const {self.variable} = (() => {{ // {self.path.name}\n{self.code}\n{exports}\n}})()\n"


@cache
def as_one_script(entry: Path) -> str:
    """The entry module behind all modules it depends on, each once.

    Args:
        entry: may have a default export, which becomes that of the script.

    Raises:
        ImportError: a module imports itself by way of others, a file that does not exist, or a name that the file does
            not export; or an import or export has a form that is not followed here.
    """
    modules: dict[Path, _Module] = {}
    last = _load(entry.resolve(), (), modules)
    return "".join([module.enclosed() for module in modules.values() if module is not last] + [last.code])


def _load(path: Path, importers: tuple[Path, ...], modules: dict[Path, _Module]) -> _Module:
    """Read a module, and before it those that it imports; `modules` keeps the order."""
    if path in modules:
        return modules[path]
    if path in importers:
        raise ImportError(f"a circle of imports: {' -> '.join(one.name for one in (*importers, path))}")
    if not path.is_file():
        raise ImportError(f"{importers[-1].name if importers else 'a component'} imports {path}, which is no file")

    def assigned(statement: re.Match[str]) -> str:
        module = _load((path.parent / statement[2]).resolve(), (*importers, path), modules)
        names = [name.strip() for name in statement[1].split(",") if name.strip()]
        for name in names:
            if name.split()[0] not in module.exports:
                raise ImportError(f"{path.name} imports {name.split()[0]}, which {module.path.name} does not export")
        return f"const {{ {', '.join(names).replace(' as ', ': ')} }} = {module.variable}"

    source = _COMMENT.sub("", path.read_text(encoding="utf-8"))  # Streamlit sends a script with each change of its data
    code = _IMPORT.sub(assigned, source)
    exports = tuple(_EXPORT.findall(code))
    code = _EXPORT.sub("", code)
    if unread := _UNREAD.search(code if importers else _ENTRY.sub("", code)):
        raise ImportError(
            f"{path.name}: {unread[0]!r} is not followed; write import {{ name }} or export before a name"
        )
    modules[path] = _Module(path, f"module_{len(modules) + 1}", code, exports)
    return modules[path]

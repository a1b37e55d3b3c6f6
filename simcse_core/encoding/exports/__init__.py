"""Models as other programs load them: one module a format.

A format is a function under `@formats.register("name")` in a module that is named here; it can be chosen by
`models export --format`. Its own libraries are imported when it is called.
"""

# The command lists the formats in the order of these imports; the first is the default.
# isort: off
from simcse_core.encoding.exports.registry import check_free, export, formats
from simcse_core.encoding.exports import folder, onnx, static
# isort: on

__all__ = ["check_free", "export", "folder", "formats", "onnx", "static"]

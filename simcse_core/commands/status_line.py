"""A line on stderr that says how far something is."""

import sys

from simcse_core.plain import short_line


class StatusLine:
    """One line that is rewritten on a terminal, a line for each text elsewhere."""

    def __init__(self) -> None:
        self.rewrites = sys.stderr.isatty()
        self.width = 0
        """Of what was written last; 0 when nothing was."""

    def write(self, text: str) -> None:
        """Show a text; a shorter one also hides the end of the one before."""
        text = short_line(text)
        if self.rewrites:
            print(f"\r{text:{self.width}}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)
        self.width = len(text)

    def end(self) -> None:
        """Go on to the next line, if something stands on this one."""
        if self.rewrites and self.width:
            print(file=sys.stderr)

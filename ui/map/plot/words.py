"""The words on and around a map, in the language of this session."""

from ui.frame.translation import _


def words() -> dict[str, str]:
    """By the names that the frontend uses."""
    return {
        "tools": _("Tools of the map"),
        "move": _("Move"),
        "turn": _("Turn"),
        "box": _("Select with a box"),
        "lasso": _("Select with a lasso"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "fit": _("Show all"),
        "names": _("Names of groups"),
        "density": _("Where points overlap"),
        "unsure": _("Unsure points"),
        "save": _("Save picture"),
        "help": _("Help"),
        "legend": _("Legend: a click hides or shows"),
        "kept": _("hollow: less than a third of its neighbours kept"),
        "none": _("none"),
        "keeps": _("{percent} % of its neighbours kept"),
        "contours": _("lines: the density of points doubles from one to the next"),
        "steps": _("Between before and after"),
        "play": _("Play"),
        "pause": _("Pause"),
        "back": _("One step back"),
        "forward": _("One step forward"),
        "scrub": _("Between {first} and {second}"),
        "keys": _(
            "Arrow keys go from point to point, Enter chooses, Escape clears. Plus and minus zoom, 0 shows all, Shift "
            "with an arrow key moves the map. X selects the point, G its group, V all that is in view. N names, "
            "D density, U unsure points, L legend."
        ),
        "mouse": _(
            "Drag to move the map, or to turn one in 3-D; the wheel zooms, a click chooses, Shift and drag selects. On "
            "a touch screen two fingers move and zoom."
        ),
        "wheel": _("Click the map first, or hold Ctrl, to zoom with the wheel."),
        "point": _("{text}. {label}"),
        "chosen": _("Chosen: {text}"),
        "selected": _("{n} of {all} selected"),
        "nothing": _("Nothing is selected"),
        "no_webgl": _("This browser draws without WebGL 2: a plain map, of {n} of {all} points."),
        "lost": _("The graphics card is not available at the moment. The map comes back when it is."),
        "waiting": _("Loading the text …"),
    }

"""What to take away: the replies as a table, the list, the threshold, the Python and the command that do the same."""

import shlex
from collections.abc import Callable

import streamlit as st

from simcse_core.data.writers import to_csv
from ui.answers.looks import Work
from ui.answers.question import Question
from ui.frame import address
from ui.frame.translation import _

LIST_FILE = "list.csv"


def show(made: Work, asked: Question) -> None:
    """Files, the script, the command and the link.

    Args:
        made: the list with its encoder and its threshold.
        asked: the question that stands in the script.
    """
    st.metric(_("Threshold"), f"{made.now.threshold:.4f}")
    with st.container(horizontal=True):
        if made.judged is not None:
            _button(_("Replies (CSV)"), lambda: replies(made), "replies.csv", "text/csv")
        _button(_("The list (CSV)"), lambda: entries(made), LIST_FILE, "text/csv")
        _button("Python", lambda: python(made, asked.text).encode("utf-8"), "answers.py", "text/x-python")
    st.code(python(made, asked.text), language="python")
    st.caption(_("The same as a command:"))
    st.code(command(made, asked.text), language="bash", wrap_lines=True)
    if not made.chosen.source:
        st.caption(_("Both read the list from {file}, which you can download above.").format(file=f"`{LIST_FILE}`"))
    st.caption(_("This link opens the page with the same settings. A list of your own is not in it; pass the file on."))
    st.code(address.link(), language=None, wrap_lines=True)


def _button(label: str, make: Callable[[], bytes], file: str, mime: str) -> None:
    """A file that is made when somebody asks for it."""
    st.download_button(label, make, file, mime, icon=":material/download:", on_click="ignore", key=f"take-{file}")


def replies(made: Work) -> bytes:
    """What people asked with the reply to each, safe to open in a spreadsheet."""
    judged = made.judged
    assert judged is not None
    closest = judged.similarities.argmax(axis=1)
    given = judged.best >= made.now.threshold
    rows = (
        [
            one.question,
            made.chosen.faq.entries[place].answer if has_answer else "",
            round(float(best), 6),
            made.chosen.faq.entries[place].question,
            "" if one.entry is None else made.chosen.faq.entries[one.entry].question,
        ]
        for one, place, has_answer, best in zip(judged.asked, closest, given, judged.best, strict=True)
    )
    header = ["question", "answer", "similarity", "closest_entry", "right_entry"]
    return to_csv(header, rows).encode("utf-8-sig")


def entries(made: Work) -> bytes:
    """The list as a table that the command and the script read."""
    rows = ([entry.question, entry.answer] for entry in made.chosen.faq.entries)
    return to_csv(["question", "answer"], rows).encode("utf-8-sig")


def python(made: Work, question: str) -> str:
    """A script that answers the same."""
    settings = made.settings
    given = {"layer": settings.layer, "pooling": settings.pooling, "dim": settings.dim, "prompt": settings.prompt}
    parameters = {name: value for name, value in given.items() if value is not None}
    imports, model = "", repr(settings.model)
    if settings.head is not None:  # only `load` knows heads
        imports, model = "from simcse_core import load\n", f"load({settings.model!r}, head={settings.head!r})"
    options = "".join(f",\n    {name}={value!r}" for name, value in parameters.items())
    return (
        f"{imports}from simcse_core.uses.answering.answers import Answers\n\n"
        f"answers = Answers(\n    {_list(made)!r},\n    model={model},\n    against={made.against!r},\n"
        f"    threshold={made.now.threshold!r}{options},\n)\n"
        f"reply = answers.ask({literal(question)})\n"
        "print(reply.answer if reply.has_answer else 'no good answer')\n"
        "for match in reply.matches:\n    print(f'{match.similarity:.3f}  {match.question}')\n"
    )


def command(made: Work, question: str) -> str:
    """The command that answers the same."""
    settings = made.settings
    words = ["python", "-m", "simcse_core", "answer", "--faq", _list(made), "--question", question]
    words += ["--against", made.against, "--threshold", f"{made.now.threshold:.6g}", "--model", settings.model]
    for name in ("layer", "pooling", "head", "prompt", "dim"):
        if (value := getattr(settings, name)) is not None:
            words += [f"--{name}", str(value)]
    return shlex.join(words)


def _list(made: Work) -> str:
    """A bundled list by its name, others by the file that is offered for download."""
    is_named = made.chosen.source.startswith("faq-")
    return made.chosen.source if is_named else LIST_FILE


def literal(text: str) -> str:
    """A text as a Python literal; what a file cannot hold is written as an escape."""
    return repr(text) if text.isprintable() else ascii(text)

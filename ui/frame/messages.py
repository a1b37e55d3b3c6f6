"""Collects every text of the interface into the catalogues of all languages: `make messages`.

New texts come in empty and wait for their line, texts that are gone are dropped. A test fails while one is
empty.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from simcse_core import errors
from simcse_core.data import bundled, held_out
from simcse_core.data.conversions import conversions
from simcse_core.data.kinds import KINDS
from simcse_core.data.lint import FINDINGS
from simcse_core.encoding.catalogue import CATALOGUE
from simcse_core.encoding.head import HEADS
from simcse_core.encoding.pooling import poolings
from simcse_core.learning import verdict_words
from simcse_core.learning.losses import losses
from simcse_core.learning.notes import NOTES
from simcse_core.learning.pretraining import pretraining
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.projection import projections
from simcse_core.option_fields import option_fields
from simcse_core.runs import folds
from ui.frame.translation import LOCALES

ROOT = Path(__file__).parent.parent.parent
_LOCAL_ERRORS = ("EncodingError", "UnansweredError")
KEYWORDS = dict.fromkeys(
    ("_", "N_", "Note", *_LOCAL_ERRORS, *(name for name in vars(errors) if name.endswith("Error")))
)


def current_messages(locale: str) -> Catalog:
    """All texts as the code has them now, for the catalogue of a language."""
    catalog = Catalog(
        locale=locale,
        project="SimCSE Explorer",
        header_comment="# The lines of the interface. `make messages` collects the texts; write each msgstr here.",
        msgid_bugs_address="",
        last_translator="",
        language_team="",
        charset="utf-8",
        fuzzy=False,
    )
    folders = [ROOT / "pages", ROOT / "ui", ROOT / "simcse_core"]
    for path in [ROOT / "app.py", *(path for folder in folders for path in sorted(folder.rglob("*.py")))]:
        for _line, message, comments, context in extract_from_file("python", path, keywords=KEYWORDS):
            catalog.add(message, auto_comments=comments, context=context)
    for message in _from_registries():
        catalog.add(message)
    return catalog


def _from_registries() -> Iterator[str]:
    """Explanations that are part of a definition: of a loss, an option, a model."""
    for loss in losses.entries():
        yield loss.learned_nothing
        yield loss.collapse
    for registry in (poolings, losses, pretraining, projections, conversions):
        for entry in registry.entries():
            yield entry.summary
            yield from (field.explanation for field in entry.fields if field.explanation)
    for kind in KINDS.values():
        yield from (kind.title, kind.rows_are)
        for metric in kind.metrics:
            yield from (metric.title, metric.explanation)
    yield from (projection.while_waiting for projection in projections.entries() if projection.while_waiting)
    yield from (projection.places_by for projection in projections.entries())
    yield from bundled.titles().values()
    yield from (field.explanation for field in option_fields(TrainingSettings))
    yield from HEADS.values()
    yield from NOTES.values()
    yield from held_out.SENTENCES.values()
    yield folds.SENTENCES["best_of"]
    yield from verdict_words.TEMPLATES
    yield from verdict_words.LINES.values()
    yield from (template for _severity, template in FINDINGS.values())
    for card in CATALOGUE.values():
        yield card.languages
        yield card.note


def main() -> None:
    for path in sorted(LOCALES.glob("*/LC_MESSAGES/messages.po")):
        _update(path, path.parent.parent.name)


def _update(path: Path, locale: str) -> None:
    """Bring one catalogue up to date. A language begins with an empty file."""
    catalog = current_messages(locale)
    with path.open("rb") as file:
        for translated in read_po(file, locale=locale):
            if translated.id and translated.id in catalog:
                catalog[translated.id].string = translated.string
    with path.open("wb") as file:
        write_po(file, catalog, no_location=True, omit_header=False, sort_output=False, width=120)
    empty = [message.id for message in catalog if message.id and not message.string]
    print(f"{locale}: {len(catalog)} texts, {len(empty)} without a line")


if __name__ == "__main__":
    main()

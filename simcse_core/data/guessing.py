"""What a table's columns are, guessed by what is in them and, where that leaves a choice, by their names."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from simcse_core.data.cells import in_one_line, match_or_none, matches, numbers
from simcse_core.data.columns import MATCHING_TEXTS, SAID_OTHERWISE, SYNONYMS, Sample, columns_text
from simcse_core.data.kinds import KINDS, normalised
from simcse_core.data.kinds.cell_types import CLASS, MATCH, SCORE, CellType
from simcse_core.numerals import number

_ENOUGH = 3
"""Cells from which content may contradict a name."""
_BEST_SCORE = 100
_MOSTLY = 0.95
"""Share of a column's cells that have to be of a type; the reader names the others by their rows."""
_LONGEST_CLASS, _MOST_WORDS = 60, 4
_COMPARABLE = 4
"""Texts that belong together in a row differ less in their average length, as a factor."""
_CODE = re.compile(r"(?=.*\d)[\w#.:/-]+(?: [\w#.:/-]+)?", re.ASCII)
"""A ticket's number, a hash: one or two words with a digit."""
_DATE = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}\b.*", re.ASCII)
_LONGEST_CODE = 40
_WORD = re.compile(r"[^\W_]+")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Chinese, Japanese and Korean characters; two of them count as a word."""

FULL_NAME, PART_OF_NAME = 2, 1


@dataclass(frozen=True)
class Guess:
    """What a table seems to hold: a proposal to show, nothing to rely on."""

    kind: str
    """Of `KINDS`."""
    columns: dict[str, str]
    """Our columns -> the file's, as `read_data` takes them; a column that nothing suggests is missing. Of pairs without
    a label, which all match, they are `MATCHING_TEXTS`."""
    ids: tuple[str, ...]
    """The columns that only number or name the rows, as they are written."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The columns of the kind that nothing suggests."""
        if set(self.columns) == set(MATCHING_TEXTS):
            return ()
        return tuple(column for column in KINDS[self.kind].columns if column not in self.columns)


def guess(sample: Sample) -> Guess:
    """What a table holds, by its columns and its first rows.

    Content decides: few different values that come again are a label, long free texts are texts, numbers that rise by
    one and codes that never come again are ids and left out, 0 and 1 beside two texts are the label of pairs, other
    bounded numbers beside two texts are scores, and two texts with nothing beside them match. Names decide between
    columns that fit equally, and where there are too few rows to see anything.

    Example:
        >>> rows = [["1", "My card is lost", "cards"], ["2", "Where is my card?", "cards"], ["3", "Close it", "other"]]
        >>> guess(Sample(["Nr.", "Request (text)", "Queue"], rows))
        Guess(kind='labelled', columns={'text': 'Request (text)', 'label': 'Queue'}, ids=('Nr.',))
    """
    kind = best_guess(sample)
    columns = guess_columns(sample)[kind]
    if is_texts_only(kind) and (two := _two_texts_alone(sample)) is not None:
        kind, columns = "pairs", dict(zip(MATCHING_TEXTS, two, strict=True))
    in_order = {ours: columns[ours] for ours in (*KINDS[kind].columns, *MATCHING_TEXTS) if ours in columns}
    ids = tuple(
        name
        for place, name in enumerate(sample.columns)
        if name not in columns.values() and _are_ids(sample.cells(place))
    )
    return Guess(kind, in_order, ids)


def guess_columns(sample: Sample) -> dict[str, dict[str, str]]:
    """For each kind of data, which of its columns is which of the file's; columns that nothing suggests are left out.

    As `guess`, for somebody who says which kind it is.
    """
    guesses: dict[str, dict[str, str]] = {name: {} for name in KINDS}
    for name, columns in guesses.items():
        cell_types = KINDS[name].cell_types
        for ours in sorted(cell_types, key=lambda ours: cell_types[ours].is_text):  # labels and scores are plainer
            place = _best_place(ours, cell_types[ours], sample, set(columns.values()), KINDS[name].text_names())
            if place is not None:
                columns[ours] = sample.columns[place]
    return guesses


def best_guess(sample: Sample) -> str:
    """The kind of data whose columns content and names suggest most."""
    guesses = guess_columns(sample)
    order = list(KINDS)

    def rank(kind: str) -> tuple[object, ...]:
        columns = guesses[kind]
        strengths = {ours: name_strength(ours, theirs) for ours, theirs in columns.items()}
        full = sum(strength == FULL_NAME for strength in strengths.values())
        texts = KINDS[kind].text_names()
        has_named_texts = len(texts) > 1 and all(strengths.get(text) == FULL_NAME for text in texts)
        return (
            # Two texts that are called so are not one text with a label.
            has_named_texts,
            len(columns) == len(KINDS[kind].columns),
            full,
            # Of several texts in a row that nothing else says anything about, nobody can tell what they are.
            len(columns) if KINDS[kind].target() or is_texts_only(kind) else 0,
            sum(strengths.values()),
            KINDS[kind].is_likely,
            len(columns) - len(KINDS[kind].columns),
            -order.index(kind),
        )

    return max(KINDS, key=rank)


def is_texts_only(kind: str) -> bool:
    """Whether a kind is a column of texts and nothing more, which may stand beside labels of another name."""
    return len(KINDS[kind].columns) == 1


def text_column(sample: Sample) -> str | None:
    """The column of a table that most looks like texts, where texts are wanted and nothing else; None for none."""
    return guess_columns(sample)["texts"].get("text")


def proposal(sample: Sample) -> str:
    """As for `parse_columns`: the columns of the likeliest kind, but for those that need no mapping; "" for no idea."""
    guessed = guess(sample)
    if guessed.missing or (
        is_texts_only(guessed.kind)
        and not all(name_strength(ours, theirs) == FULL_NAME for ours, theirs in guessed.columns.items())
    ):
        return ""
    return ", ".join(
        columns_text({ours: in_one_line(name)}) for ours, name in guessed.columns.items() if ours != normalised(name)
    )


def name_strength(ours: str, theirs: str) -> int:
    """How much a column's name says that it is one of ours: `FULL_NAME`, `PART_OF_NAME` ("Anfrage (Text)") or 0."""
    names = {_plainly(name) for name in (ours, *SYNONYMS.get(ours, ()))}
    if _plainly(theirs) in names:
        return FULL_NAME
    words = [word for word in _plainly(theirs).split() if len(word) > 1 or not word.isascii()]
    return PART_OF_NAME if names & set(words) else 0


def _plainly(name: str) -> str:
    """A name as words with one blank between them."""
    return " ".join(_WORD.findall(normalised(name)))


def _best_place(ours: str, cell_type: CellType, sample: Sample, taken: set[str], texts: Sequence[str]) -> int | None:
    """The free column that looks most like what is wanted; of equals the first from the left."""
    strengths = {
        place: name_strength(ours, column)
        for place, column in enumerate(sample.columns)
        if column and column not in taken and not _contradicts(cell_type, sample.cells(place))
    }
    named = [place for place, strength in strengths.items() if strength == FULL_NAME]
    if named:
        return max(named, key=lambda place: (sample.columns[place].casefold() == ours, -place))
    fitting = [place for place in strengths if _fits(cell_type, sample, place)]
    if cell_type.is_text:
        fitting = [place for place in fitting if _is_long_enough(sample, place)]
        one_text = len(texts) == 1
        return _first(fitting, key=lambda place: (strengths[place], _length(sample, place) if one_text else 0))
    if cell_type is CLASS:
        return _first(fitting, key=lambda place: (strengths[place], -_variety(sample, place)))
    return _first(fitting, key=lambda place: strengths[place])


def _first(places: Sequence[int], key: Callable[[int], tuple[float, ...] | float]) -> int | None:
    return max(places, key=key, default=None)  # of equals `max` takes the first


def _fits(cell_type: CellType, sample: Sample, place: int) -> bool:
    cells = sample.cells(place)
    if not cells:
        return False
    if cell_type is SCORE:
        return _are_scores(cells)
    if cell_type is MATCH:
        return _are_matches(cells) and len(set(cells)) > 1
    if cell_type is CLASS:
        return _are_classes(cells, _longest(sample))
    return _are_texts(cells) and not _are_ids(cells) and not _are_short_and_few(cells)


def _contradicts(cell_type: CellType, cells: Sequence[str]) -> bool:
    """Whether a column cannot be of a type, whatever it is called."""
    if len(cells) < _ENOUGH:
        return False
    if cell_type is SCORE:
        return not _are_numbers(cells)
    if cell_type is MATCH:
        return not _are_matches(cells)
    if cell_type is CLASS:
        return _are_objects(cells) or (len(set(cells)) == len(cells) > 2 * _ENOUGH)
    return _are_numbers(cells) or _are_ids(cells) or (_are_objects(cells) and not cell_type.takes_lists)


def _are_numbers(cells: Sequence[str]) -> bool:
    """Mostly; with a decimal point or a decimal comma."""
    are = sum(number(cell) is not None or number(cell.replace(",", ".")) is not None for cell in cells)
    return are >= _MOSTLY * len(cells)


def _are_ids(cells: Sequence[str]) -> bool:
    """Whole numbers that rise or are large, and codes with digits, none of which comes again."""
    if len(cells) < _ENOUGH or len(set(cells)) < len(cells):
        return False
    values = [number(cell) for cell in cells]
    whole = [value for value in values if value is not None and value.is_integer() and value >= 0]
    if len(whole) == len(cells):
        rise = all(before < after for before, after in pairwise(whole))
        by_one = all(after - before == 1 for before, after in pairwise(whole))
        return by_one or max(whole) > _BEST_SCORE or (rise and max(whole) > len(whole))
    if None not in values:
        return False
    return all(len(cell) <= _LONGEST_CODE and _CODE.fullmatch(cell) and not _DATE.match(cell) for cell in cells)


def _are_matches(cells: Sequence[str]) -> bool:
    """Mostly 0 and 1, or words for them, or 1 and -1."""
    try:
        return bool(list(matches(cells)))
    except ValueError:
        return sum(map(_is_match, cells)) >= _MOSTLY * len(cells) and len(cells) >= _ENOUGH


def _is_match(cell: str) -> bool:
    try:
        match_or_none(cell)
    except ValueError:
        return False
    return True


def _are_scores(cells: Sequence[str]) -> bool:
    """Bounded numbers, but neither 0 and 1 alone nor those that count the rows or name things."""
    if not _are_numbers(cells) or _are_ids(cells):
        return False
    try:
        values = list(numbers(cells))
    except ValueError:
        values = [value for cell in cells if (value := number(cell.replace(",", "."))) is not None]
    name_things = max(values) > _BEST_SCORE and all(value.is_integer() for value in values)
    return len(set(values)) > 1 and not name_things and not set(values) <= {0, 1}


def _are_classes(cells: Sequence[str], longest: float) -> bool:
    """What comes again in other rows, and is short; few cells may come again less often where there are longer ones."""
    if _are_objects(cells) or len(set(cells)) == len(cells) or max(map(len, cells)) > _LONGEST_CLASS:
        return False
    is_few = len(set(cells)) <= max(2, len(cells) / 2)
    return is_few or (_words(cells) <= _MOST_WORDS and 2 * _mean_length(cells) <= longest)


def _are_objects(cells: Sequence[str]) -> bool:
    """Lists and records, as JSON has them."""
    return bool(cells) and all(cell[0] in "[{" for cell in cells)


def _are_texts(cells: Sequence[str]) -> bool:
    """Words, more than one in most cells; Chinese has no blanks between them."""
    if _are_objects(cells) or sum(" " not in cell and cell.isascii() for cell in cells) > len(cells) / 2:
        return False
    return sum(not any(letter.isalpha() for letter in cell) for cell in cells) <= 0.2 * len(cells)


def _are_short_and_few(cells: Sequence[str]) -> bool:
    """Like the names of classes: a few words that come again and again."""
    return len(cells) > _ENOUGH and len(set(cells)) <= len(cells) / 2 and _words(cells) <= _MOST_WORDS


def _words(cells: Sequence[str]) -> float:
    """Words in a cell, on average."""
    return sum(len(cell.split()) + len(_WIDE.findall(cell)) / 2 - 0.5 for cell in cells) / len(cells)


def _variety(sample: Sample, place: int) -> float:
    """Few different cells are more like classes; one alone is none."""
    different = len(set(sample.cells(place)))
    return different if different > 1 else float("inf")


def _mean_length(cells: Sequence[str]) -> float:
    return sum(map(len, cells)) / len(cells) if cells else 0.0


def _length(sample: Sample, place: int) -> float:
    return _mean_length(sample.cells(place))


def _longest(sample: Sample) -> float:
    """The average length of the longest texts."""
    places = range(len(sample.columns))
    return max((_length(sample, place) for place in places if _are_texts(sample.cells(place))), default=0.0)


def _is_long_enough(sample: Sample, place: int) -> bool:
    return _COMPARABLE * _length(sample, place) >= _longest(sample)


def _two_texts_alone(sample: Sample) -> tuple[str, str] | None:
    """The two columns of texts of a table in which nothing says whether they match."""
    fitting = [
        place
        for place, column in enumerate(sample.columns)
        if column and _fits(KINDS["texts"].cell_types["text"], sample, place) and _is_long_enough(sample, place)
    ]
    rest = [place for place in range(len(sample.columns)) if place not in fitting]
    says_more = any(_fits(wanted, sample, place) for wanted in (SCORE, MATCH, CLASS) for place in rest)
    says_more |= not set(map(normalised, sample.columns)).isdisjoint(SAID_OTHERWISE)
    if len(fitting) != 2 or says_more:
        return None
    return sample.columns[fitting[0]], sample.columns[fitting[1]]

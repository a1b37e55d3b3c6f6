"""The entry that was clicked: its answer, how close it is, and which words made it match."""

import streamlit as st

from simcse_core.errors import InputError
from simcse_core.uses.answering.matching import Match
from ui.answers import encoded, ranking
from ui.answers.looks import Work
from ui.answers.ranking import Ranking
from ui.frame.errors import plain
from ui.frame.translation import _, explain, joined
from ui.shared import cache, word_effects
from ui.shared.prompt_and_dim import sides
from ui.shared.word_effects import WordsOfText


def show(found: Ranking, made: Work) -> None:
    """The entry beside the figure.

    Words are looked at where somebody has clicked, and for questions that come with the list: with every key typed it
    would be too much.
    """
    match = ranking.selected(found)
    is_wanted = found.question.known is not None or ranking.is_clicked(found)
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{plain(match.question)}**  \n{plain(match.answer)}")
        place = int(encoded.places(found.words)[match.row])
        by_words = _("BM25: place {n}.").format(n=place) if place else _("BM25: not found.")
        st.caption(joined(_("Similarity {similarity:.3f}.").format(similarity=match.similarity), by_words))
        if not cache.is_loaded(made.settings.model):
            cache.until_loaded(made.settings.model)
        elif is_wanted:
            _why(found, match, made)
        else:
            st.button(
                _("Which words carry it?"),
                icon=":material/match_word:",
                on_click=ranking.select,
                args=(found, match.row),
            )


def _why(found: Ranking, match: Match, made: Work) -> None:
    """Both texts with their words shaded."""
    asked, by_question = found.question.text, match.matched == "question"
    other = match.question if by_question else match.answer
    of_questions, of_answers = sides(made.settings)
    labels = _("You ask"), _("Its question") if by_question else _("Its answer")
    texts = [WordsOfText.plain(label, text) for label, text in zip(labels, (asked, other), strict=True)]
    said = _("Purple words bring the two closer, orange ones keep them apart; underlined ones are in both.")
    try:
        if asked != other:
            effects = word_effects.effects(asked, other, of_questions, of_questions if by_question else of_answers)
            shown = zip(texts, effects.words, effects.effects, strict=True)
            texts = [WordsOfText(one.label, one.text, words, of_words) for one, words, of_words in shown]
    except InputError as error:
        said = plain(explain(error))
    word_effects.shaded(texts, common=word_effects.common_words(asked, other), key="answers-why")
    st.caption(said)

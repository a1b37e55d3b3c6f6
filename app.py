"""The start page: what this is, a real heatmap at once, and where to go next."""

import streamlit as st

from ui.frame import serving

CARDS_IN_A_ROW = 3


def draw() -> None:
    # Here, because the server imports this file too and is to start at once.
    from ui.frame import errors, page
    from ui.frame.translation import _, joined, language
    from ui.shared import color_range, defaults, heatmap, stored

    page.begin("start", title=False)
    st.title("SimCSE Explorer", anchor=False)
    st.markdown(
        _(
            "A sentence becomes a vector, and the angle between two vectors says how close the sentences are. "
            "See it, take it apart, and teach it your own texts."
        )
    )
    view = heatmap.AS_TYPED
    picture, words = st.columns([3, 2], gap="large", vertical_alignment="center")
    with picture, errors.user_errors():
        look = stored.first_look(defaults.model(language()))
        view = heatmap.View(colors=color_range.side_by_side([look.unrelated])[0])
        heatmap.figure(look.matrix, look.texts, key="first-look", height=420, view=view)
    with words:
        st.markdown(
            joined(
                _("Each cell compares two sentences by **cosine similarity**."),
                color_range.in_words(view.colors),
                _("The squares along the diagonal are sentences on one topic. The model was never given topics."),
            )
        )
        st.page_link(
            "pages/similarity.py",
            label=_("Try it with your own sentences"),
            icon=":material/edit:",
            query_params={"language": language()},
        )

    st.header(_("Where to next?"), anchor=False)
    linked = [target for name, target in page.PAGES.items() if name != "start"]
    columns = [column for _row in linked[::CARDS_IN_A_ROW] for column in st.columns(CARDS_IN_A_ROW)]
    for column, target in zip(columns, linked, strict=False):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{_(target.question)}**")
            st.caption(_(target.promise))
            st.page_link(target.path, label=_(target.title), icon=target.icon, query_params={"language": language()})


def warm_up() -> None:
    """Start what takes long to get ready, once with the server."""
    from ui.shared import projecting

    projecting.warm()


if st.runtime.exists():
    draw()
else:  # `streamlit run` imports this file once, for the server that it is to start
    serving.AT_START.append(warm_up)
    app = st.App(__file__, middleware=serving.middleware(), lifespan=serving.announced)

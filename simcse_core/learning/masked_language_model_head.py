"""The part of a masked language model above the encoder: from a hidden token's state to a guess."""

from torch import Tensor, nn
from transformers import PreTrainedModel


class MaskedLanguageModelHead(nn.Module):
    """A layer, then the similarity to every word embedding (tied weights). It is not part of the encoder.

    Source: arXiv 1810.04805 (BERT).
    """

    def __init__(self, bert: PreTrainedModel) -> None:
        super().__init__()
        words = bert.get_input_embeddings()
        assert isinstance(words, nn.Embedding)
        hidden, width = int(bert.config.hidden_size), words.embedding_dim
        self.layer = nn.Sequential(nn.Linear(hidden, width), nn.GELU(), nn.LayerNorm(width)).to(bert.device)
        self.bias = nn.Parameter(words.weight.new_zeros(words.num_embeddings))
        self._words = [words]  # in a list: the encoder's own parameter, not one of this module

    def forward(self, states: Tensor) -> Tensor:
        """(N, H) states of hidden tokens -> (N, vocabulary) logits."""
        return nn.functional.linear(self.layer(states), self._words[0].weight, self.bias)

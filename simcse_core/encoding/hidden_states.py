"""What a model computes on the way to an embedding: its layers, its tokens, and what each of them adds."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from simcse_core.encoding.batching import batches_by_length, pad, tokens_per_batch
from simcse_core.encoding.device import pick_dtype
from simcse_core.encoding.foreign_errors import model_errors
from simcse_core.encoding.inference import for_inference
from simcse_core.encoding.layers import first_layers
from simcse_core.encoding.packing import can_pack, pack
from simcse_core.encoding.pooled import counting, dim_of
from simcse_core.encoding.pooling import poolings
from simcse_core.encoding.texts import Embeddings, Progress, Spans, TextTokens, checked
from simcse_core.errors import ModelError

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE


def text_tokens(model: "SimCSE", text: str) -> TextTokens:
    """As `SimCSE.tokens`."""
    if model.sentence_layers is not None:
        raise ModelError(
            "{name} has layers after its pooling: what its tokens add to the pooled embedding does not add up to the "
            "cosine. Leave words out one by one instead, or choose a model without such layers.",
            name=model.name,
        )
    token_ids, spans = _ids_and_spans(model, text)
    ids, mask = pad([token_ids], 0, model.device)
    with torch.no_grad():
        states = model.hidden_states(model.bert, input_ids=ids, attention_mask=mask)
    mask = counting(model, mask)
    inputs = [state.detach().requires_grad_() for state in states]
    pooled, parts = [], []
    for pooling in poolings[model.pooling].each:
        pooled.append(pooling.function(inputs[0], mask, inputs[1])[0])  # (H,)
        slopes = torch.autograd.grad(pooled[-1].sum(), inputs, allow_unused=True)
        of_states = [state * slope for state, slope in zip(inputs, slopes, strict=True) if slope is not None]
        parts.append(torch.stack(of_states).sum(dim=0)[0])  # (T, H)
    rows = (inputs[0][0], torch.cat(parts, dim=-1), torch.cat(pooled, dim=-1))
    embeddings, shares, whole = (value[..., : model.dim].detach().cpu().numpy() for value in rows)
    return TextTokens(spans, embeddings, shares, whole)


def token_spans(model: "SimCSE", text: str) -> Spans:
    """As `SimCSE.token_spans`."""
    return _ids_and_spans(model, text)[1]


def _ids_and_spans(model: "SimCSE", text: str) -> tuple[list[int], Spans]:
    (text,) = checked([text])
    with model.tokenizer_lock, model_errors(model.name, "tokenizer"):
        encoded = model.tokenizer(
            model.prompts.text + text,
            truncation=True,
            max_length=model.max_tokens,
            return_offsets_mapping=True,
            verbose=False,
        )
    before = len(model.prompts.text)
    offsets = encoded["offset_mapping"]  # a token of the prompt is a marker like [CLS]
    spans = tuple((max(int(start) - before, 0), max(int(end) - before, 0)) for start, end in offsets)
    return encoded["input_ids"], spans


@torch.inference_mode()
def layer_grid(
    model: "SimCSE", texts: Sequence[str], pooling_names: Sequence[str], on_progress: Progress | None
) -> dict[tuple[int, str], Embeddings]:
    """As `SimCSE.encode_grid`."""
    texts = checked(texts)
    prepared = model.prepare(texts)
    cells = [(layer, name) for layer in range(model.layers + 1) for name in pooling_names]
    embeddings = {cell: np.zeros((len(texts), dim_of(model, cell[1])), dtype=np.float32) for cell in cells}
    done = 0
    for batch in batches_by_length([len(ids) for ids in prepared], tokens_per_batch(model.device)):
        ids, mask = pad([prepared[position] for position in batch], model.padding_id, model.device)
        output = model.twin(torch.float32)(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        states = output.hidden_states or (output.last_hidden_state,)
        states = [state if model.head is None else model.head(state) for state in states]
        for layer, name in cells:
            pooled = model.pool(states[layer], mask, states[0], name)
            embeddings[layer, name][batch] = F.normalize(pooled, dim=-1).cpu().numpy()
        done += len(batch)
        if on_progress is not None:
            on_progress(done, len(texts))
    return embeddings


@torch.inference_mode()
def states_of(
    model: "SimCSE", prepared: Sequence[Sequence[int]], layer: int, precision: str
) -> Iterator[tuple[int, Tensor]]:
    """As `SimCSE.states_of`."""
    twin = for_inference(first_layers(model.bert, layer, model.name), pick_dtype(precision, model.device))
    for batch in batches_by_length([len(ids) for ids in prepared], tokens_per_batch(model.device)):
        texts = [prepared[position] for position in batch]
        if packs := can_pack(twin):
            packed = pack(texts, twin)
            output = twin(**packed.inputs, groups=packed.groups, output_hidden_states=True)
            batch = [batch[position] for position in packed.order]
        else:
            ids, mask = pad(texts, model.padding_id, model.device)
            output = twin(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        states = output.last_hidden_state
        if poolings[model.pooling].needs_layer_0:
            states = torch.cat([states, output.hidden_states[0] if output.hidden_states else states], dim=-1)
        states = states.cpu()
        lengths = [len(prepared[position]) for position in batch]
        rows = states[0].split(lengths) if packs else states
        for position, length, row in zip(batch, lengths, rows, strict=True):
            yield position, row[:length]

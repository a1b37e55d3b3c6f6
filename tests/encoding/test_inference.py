import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel, PreTrainedModel

from simcse_core.data import bundled
from simcse_core.encoding import inference
from simcse_core.encoding.device import pick_dtype
from simcse_core.encoding.inference import BlockedLinear, for_inference
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.pooling import poolings
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import OptionError
from simcse_core.learning.measuring import evaluate, main_metric
from tests.conftest import SENTENCES


@pytest.fixture
def tiny(minilm: SimCSE) -> SimCSE:
    """A random model of one's own, to be trained."""
    return tiny_bert(minilm)


def tiny_bert(minilm: SimCSE, **settings: object) -> SimCSE:
    config = BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, initializer_range=0.3,
        **settings,  # type: ignore[arg-type]
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SimCSE(BertModel(config), minilm.tokenizer, max_tokens=64, name="tiny")


def word_embeddings(bert: PreTrainedModel) -> nn.Embedding:
    found = bert.get_input_embeddings()
    assert isinstance(found, nn.Embedding)
    return found


def of_the_weights(model: SimCSE) -> Embeddings:
    """The oracle: what the trainable weights give now, with nothing converted."""
    with torch.no_grad():
        embeddings: Embeddings = model.embed(model.prepare(SENTENCES)).numpy()
    return embeddings


@pytest.mark.parametrize("pooling", poolings.names())
@pytest.mark.parametrize("head", ["none", "random"])
def test_the_float32_twin_equals_the_model(minilm: SimCSE, pooling: str, head: str) -> None:
    model = minilm.configured(pooling=pooling, head=head)
    np.testing.assert_allclose(model.encode(SENTENCES), of_the_weights(model), atol=1e-6)


@pytest.mark.parametrize("activation", ["gelu", "gelu_python", "gelu_new", "relu"])
def test_whatever_the_activation_is_the_twin_has_it(minilm: SimCSE, activation: str) -> None:
    model = tiny_bert(minilm, hidden_act=activation)
    np.testing.assert_allclose(model.encode(SENTENCES), of_the_weights(model), atol=1e-6)


def test_a_twin_of_the_encoder_gives_the_hidden_states_of_transformers(tiny: SimCSE) -> None:
    ids = torch.randint(1_000, 30_000, (3, 9), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = tiny.bert(input_ids=ids, output_hidden_states=True).hidden_states
        found = for_inference(tiny.bert, torch.float32)(input_ids=ids, output_hidden_states=True).hidden_states
    for own, other in zip(found, expected, strict=True):
        torch.testing.assert_close(own, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_stays_close_on_real_sentences(minilm: SimCSE, precision: str) -> None:
    sentences = bundled.unrelated("en")[:40]
    exact, rounded = minilm.encode(sentences), minilm.encode(sentences, precision=precision)
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rounded, axis=1), 1, atol=1e-6)
    assert (exact * rounded).sum(axis=1).min() >= 0.999
    assert abs(exact - rounded).max() > 1e-5  # it really computed in the other precision


def test_8_bits_keep_the_order_of_similarities_and_hardly_depend_on_the_batch(minilm: SimCSE) -> None:
    data = bundled.load("scored-en").take(range(60))
    spearman = {form: main_metric(evaluate(minilm, data, precision=form)) for form in ("float32", "int8")}
    assert spearman["int8"] > 0.99 * spearman["float32"]
    sentences = bundled.unrelated("en")[:20]
    exact, rounded = minilm.encode(sentences), minilm.encode(sentences, precision="int8")
    closest = (exact * rounded).sum(axis=1)
    assert 0.95 < closest.min() < 0.9999  # it really computed in 8 bits
    alone = np.concatenate([minilm.encode([text], precision="int8") for text in sentences[:5]])
    assert (alone * rounded[:5]).sum(axis=1).min() > 0.98


def test_8_bits_follow_the_weights_and_work_at_every_layer_and_with_a_head(tiny: SimCSE) -> None:
    model = tiny.configured(layer=1, pooling="first_last_mean", head="random")
    for _time in range(2):
        closest = (model.encode(SENTENCES) * model.encode(SENTENCES, precision="int8")).sum(axis=1)
        assert closest.min() > 0.99
        with torch.no_grad():
            for weight in model.bert.parameters():
                weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)) * 0.1)


def test_8_bits_are_asked_for_and_are_for_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pick_dtype("auto", torch.device("cpu")) in (torch.float32, torch.bfloat16)
    with pytest.raises(OptionError, match="x86 processors only"):
        pick_dtype("int8", torch.device("mps"))


def test_the_model_stays_float32_and_trainable_after_encoding(tiny: SimCSE) -> None:
    before = {name: weight.clone() for name, weight in tiny.named_parameters()}
    for precision in ("float32", "bfloat16", "float16", "int8"):
        tiny.encode(SENTENCES, precision=precision)
    for name, weight in tiny.named_parameters():
        assert weight.dtype == torch.float32
        assert weight.requires_grad
        torch.testing.assert_close(weight, before[name], atol=0, rtol=0)
    tiny.embed(tiny.prepare(SENTENCES)).sum().backward()  # type: ignore[no-untyped-call]
    assert word_embeddings(tiny.bert).weight.grad is not None


def test_a_model_in_training_mode_encodes_without_dropout(tiny: SimCSE) -> None:
    expected = tiny.encode(SENTENCES)
    tiny.train()
    np.testing.assert_array_equal(tiny.encode(SENTENCES), expected)
    assert tiny.training


def plain_step(weights: list[nn.Parameter]) -> None:
    torch.optim.SGD(weights, lr=0.1).step()


def step_of_all_at_once(weights: list[nn.Parameter]) -> None:
    torch.optim.AdamW(weights, lr=0.01, foreach=True).step()


def fused_step(weights: list[nn.Parameter]) -> None:
    torch.optim.AdamW(weights, lr=0.01, fused=True).step()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("step", [plain_step, step_of_all_at_once, fused_step])
def test_a_training_step_changes_what_encode_returns(
    tiny: SimCSE, step: Callable[[list[nn.Parameter]], None], precision: str
) -> None:
    before = tiny.encode(SENTENCES, precision=precision)
    tiny.embed(tiny.prepare(SENTENCES))[:, 0].sum().backward()  # type: ignore[no-untyped-call]
    step([weight for weight in tiny.parameters() if weight.grad is not None])
    after = tiny.encode(SENTENCES, precision=precision)
    assert abs(after - before).max() > 0.01
    assert (after * of_the_weights(tiny)).sum(axis=1).min() > (0.99999 if precision == "float32" else 0.999)


def load_another(model: SimCSE) -> None:
    model.load_state_dict({name: weight * 1.3 for name, weight in model.state_dict().items()})


def put_another_tensor_in_place(model: SimCSE) -> None:
    for weight in model.parameters():
        weight.data = weight.data * 1.3


def replace_a_parameter(model: SimCSE) -> None:
    embeddings = word_embeddings(model.bert)
    embeddings.weight = nn.Parameter(embeddings.weight.detach() * 1.3)


@pytest.mark.parametrize("change", [load_another, put_another_tensor_in_place, replace_a_parameter])
def test_weights_that_are_replaced_count_at_once(tiny: SimCSE, change: Callable[[SimCSE], None]) -> None:
    before = tiny.encode(SENTENCES)
    change(tiny)
    after = tiny.encode(SENTENCES)
    assert abs(after - before).max() > 1e-3
    np.testing.assert_allclose(after, of_the_weights(tiny), atol=1e-6)


@pytest.mark.parametrize("step", [plain_step, fused_step])
def test_training_a_view_changes_the_whole_model_too(tiny: SimCSE, step: Callable[[list[nn.Parameter]], None]) -> None:
    view = tiny.configured(layer=1)
    tiny.encode(SENTENCES)
    view.embed(view.prepare(SENTENCES))[:, 0].sum().backward()  # type: ignore[no-untyped-call]
    step([weight for weight in view.parameters() if weight.grad is not None])
    for model in (tiny, view):
        np.testing.assert_allclose(model.encode(SENTENCES), of_the_weights(model), atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_views_at_several_layers_share_the_converted_weights(tiny: SimCSE, dtype: torch.dtype) -> None:
    whole, view = (converted(for_inference(bert, dtype)) for bert in (tiny.bert, tiny.configured(layer=1).bert))
    assert set(view) < set(whole)
    assert len(view) == 3 + 6  # the embeddings; the matrices of a layer
    for name, weight in view.items():
        assert is_same_memory(weight, whole[name]), name


def test_a_float32_twin_holds_no_second_copy_of_the_word_embeddings(tiny: SimCSE) -> None:
    twin = for_inference(tiny.bert, torch.float32)
    assert is_same_memory(word_embeddings(twin).weight, word_embeddings(tiny.bert).weight)


def converted(bert: nn.Module) -> dict[str, Tensor]:
    """The matrices of a model, those that oneDNN laid out among them."""
    blocked = {name: module.weight for name, module in bert.named_modules() if isinstance(module, BlockedLinear)}
    return blocked | {name: weight for name, weight in bert.named_parameters() if weight.dim() == 2}


def is_same_memory(a: Tensor, b: Tensor) -> bool:
    return a is b or (not a.is_mkldnn and not b.is_mkldnn and a.data_ptr() == b.data_ptr())


def test_a_model_that_is_let_go_leaves_no_converted_weights(minilm: SimCSE) -> None:
    gc.collect()
    before = len(inference.converted_weights)
    model = tiny_bert(minilm)
    for precision in ("float32", "bfloat16"):
        model.encode(SENTENCES, precision=precision)
    assert len(inference.converted_weights) > before
    del model
    gc.collect()
    assert len(inference.converted_weights) == before


def test_four_threads_at_once_get_what_one_gets(minilm: SimCSE) -> None:
    models = [tiny_bert(minilm) for _ in range(2)]
    expected = models[0].encode(SENTENCES)
    with ThreadPoolExecutor(4) as threads:  # the twin of the second model is made while they all wait for it
        jobs = [threads.submit(models[1].encode, SENTENCES) for _ in range(8)]
        for job in jobs:
            np.testing.assert_allclose(job.result(), expected, atol=1e-6)

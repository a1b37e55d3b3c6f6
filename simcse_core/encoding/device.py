"""Which device computes, and in which precision."""

import os
from typing import Literal, get_args

import torch

from simcse_core.errors import OptionError

Precision = Literal["auto", "float32", "bfloat16", "float16", "int8"]
_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "int8": torch.qint8,
}
PRECISIONS: tuple[str, ...] = get_args(Precision)


def pick_device(name: str = "auto") -> torch.device:
    """CUDA, else Apple's MPS, else the CPU; or the one that is named.

    Raises:
        OptionError: the named device is unknown or this machine does not have it.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, present in available.items() if present)
    if not available.get(name):
        raise OptionError(
            "This machine has no device {given!r}. Choose one of: auto, {choices}.",
            given=name,
            choices=", ".join(device for device, present in available.items() if present),
        )
    if name == "cuda":
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))  # of several processes each has its own
    return torch.device(name)


def pick_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The number format of a precision; `auto` is bfloat16 where the hardware is good at it, else float32.

    int8, which costs quality, is never picked by itself, and only encodes.

    Raises:
        OptionError: the precision is unknown, or the device does not have it.
    """
    if precision not in PRECISIONS:
        raise OptionError(
            "Unknown precision {given!r}. Choose one of: {choices}.", given=precision, choices=", ".join(PRECISIONS)
        )
    if precision == "auto":
        return torch.bfloat16 if _good_at_bfloat16(device) else torch.float32
    if precision == "int8" and not _has_int8(device):
        raise OptionError("The precision int8 works on x86 processors only. Choose auto, float32 or bfloat16.")
    return _DTYPES[precision]


def _has_int8(device: torch.device) -> bool:
    return device.type == "cpu" and torch.backends.quantized.engine in ("x86", "fbgemm", "onednn")


def _good_at_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Without these instructions a CPU emulates bfloat16, a hundred times slower than float32.
    return device.type == "cpu" and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())

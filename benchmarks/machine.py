"""What measures, in a line that stands above every result."""

import platform
from importlib.metadata import version

import torch


def machine(*packages: str) -> str:
    """System, threads, GPU, and the versions of torch and of what else took part."""
    gpu = f", GPU {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    versions = "".join(f", {package} {version(package)}" for package in packages)
    threads = torch.get_num_threads()
    return f"{platform.system()} {platform.machine()}, {threads} threads{gpu}; torch {torch.__version__}{versions}"

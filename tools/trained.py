"""Train a list of networks: all at once on a GPU, without one each by itself."""

from collections.abc import Iterator
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from cnnattn.__main__ import results
from cnnattn.data.datasets import Dataset
from cnnattn.nets.checkpoint import Checkpoint, load, save
from cnnattn.nets.models import ModelSpec
from cnnattn.training import distributed
from cnnattn.training.run_folder import RunConfig
from cnnattn.training.runs import create
from cnnattn.training.worker import learn, tune_malloc
from tools.together import train_together


def trained(runs: dict[Path, RunConfig], data: Dataset) -> Iterator[tuple[Path, Checkpoint]]:
    """Folder and last epoch of every run; one that was trained before is only read.

    Without a GPU a run that was broken off goes on, and one that another process trains is left to
    it. With one, a run that is not done begins anew.
    """
    tune_malloc()
    if torch.cuda.is_available():
        left = [run for folder, run in runs.items() if not _last(folder, run).exists()]
        folders = {id(run): folder for folder, run in runs.items()}
        for run, model, card in train_together(left, data):
            file = _last(folders[id(run)], run)
            file.parent.mkdir(parents=True, exist_ok=True)
            save(file, model, ModelSpec(run.arch, run.attention, data.classes), card)
    for folder, run in runs.items():
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(f"{folder}.lock", timeout=0):
                if not _last(folder, run).exists():
                    if not folder.exists():
                        create(run, folder, "stopped")
                    learn(folder, run, data)
        except Timeout:
            continue  # another process trains it
        yield folder, load(_last(folder, run))


def _last(folder: Path, run: RunConfig) -> Path:
    return folder / f"snapshots/epoch-{run.train.epochs:04}.safetensors"


def measured(checkpoint: Checkpoint, data: Dataset) -> dict:
    """``results``, computed on the GPU where there is one, in full float32."""
    torch.backends.cudnn.allow_tf32 = False
    checkpoint.model.to(distributed.device())
    try:
        return results(checkpoint, data)
    finally:
        checkpoint.model.cpu()

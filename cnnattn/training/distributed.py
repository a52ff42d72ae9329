"""Data-parallel training under ``torchrun``: one global batch, split over the processes.

Every process draws the same order and the same augmentation and takes its part of each batch, so
the result does not depend on how many there are. Without ``torchrun`` each function here returns
what it was given.
"""

import os
from typing import TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Rows = TypeVar("Rows", Tensor, np.ndarray)


def start() -> None:
    """Join the other processes that ``torchrun`` started; alone, do nothing."""
    if "LOCAL_RANK" not in os.environ or dist.is_initialized():
        return
    local = int(os.environ["LOCAL_RANK"])
    if torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"]):
        torch.cuda.set_device(local)
        dist.init_process_group("nccl", device_id=torch.device("cuda", local))
    else:
        dist.init_process_group("gloo")


def end() -> None:
    """Take leave of the other processes."""
    if dist.is_initialized():
        dist.destroy_process_group()


def environment() -> dict[str, str]:
    """The environment for a process that belongs to no group, whatever this one belongs to."""
    if "LOCAL_RANK" not in os.environ:
        return dict(os.environ)
    ours = ("RANK", "LOCAL_", "GROUP_", "ROLE_", "WORLD_", "MASTER_", "TORCHELASTIC_", "OMP_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def wait() -> None:
    """Until all processes have come here."""
    if dist.is_initialized():
        dist.barrier()


def world() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Which of them this is, from 0; only 0 writes files."""
    return dist.get_rank() if dist.is_initialized() else 0


def device() -> torch.device:
    """Where this process computes: its own GPU (CUDA, Apple's MPS) or the processor."""
    if dist.is_initialized() and dist.get_backend() == "gloo":
        return torch.device("cpu")
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def share(of: Rows) -> Rows:
    """This process's rows: every ``world``-th, so that none has two more than another."""
    return of[rank() :: world()]


def gathered(mine: Tensor, rows: int) -> Tensor:
    """The rows that ``share`` dealt out, together again on every process."""
    if world() == 1:
        return mine
    whole = mine.new_zeros(rows, *mine.shape[1:])
    share(whole)[:] = mine
    return total(whole)


def total(values: Tensor) -> Tensor:
    """The sum over all processes, outside autograd."""
    if world() == 1:
        return values
    summed = values.to(device(), copy=True)  # NCCL adds on GPUs only
    dist.all_reduce(summed)
    return summed.to(values.device)


def add_gradients(model: nn.Module) -> None:
    """Make every gradient the sum over all processes, in one message."""
    if world() == 1:
        return
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    summed = total(torch.cat([gradient.flatten() for gradient in gradients]))
    sizes = [gradient.numel() for gradient in gradients]
    for gradient, new in zip(gradients, summed.split(sizes), strict=True):
        gradient.copy_(new.view(gradient.shape))


def agreed(flag: bool) -> bool:
    """True on all processes if it is true on one, so that all stop after the same batch."""
    if world() == 1:
        return flag
    return bool(total(torch.tensor(float(flag))))


class _Total(torch.autograd.Function):
    """``total`` inside autograd: what one process makes of the sum, all their inputs feel."""

    @staticmethod
    def forward(ctx, values: Tensor) -> Tensor:
        return total(values)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return total(gradient)


class GlobalBatchNorm(_BatchNorm):
    """Batch norm over the batches of all processes; torch's SyncBatchNorm runs on GPUs only."""

    def _check_input_dim(self, input: Tensor) -> None:
        """Any (N, C, …) will do."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        x = input.float()
        over = [d for d in range(x.ndim) if d != 1]
        shape = (1, -1, *[1] * (x.ndim - 2))
        # About a shift that all share, so that E[x²] - E[x]² loses no digits.
        shift = self.running_mean.clone()  # type: ignore[union-attr]
        x = x - shift.view(shape)
        count = x.new_tensor([x.numel() / x.shape[1]])
        sums = _Total.apply(torch.cat([x.sum(over), x.square().sum(over), count]))
        n = sums[-1].detach()
        mean, square = (sums[:-1] / n).chunk(2)
        variance = square - mean.square()
        with torch.no_grad():
            self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
            tracked = int(self.num_batches_tracked)  # type: ignore[arg-type]
            weight = 1 / tracked if self.momentum is None else self.momentum
            self.running_mean.lerp_(mean + shift, weight)  # type: ignore[union-attr]
            self.running_var.lerp_(variance * n / (n - 1), weight)  # type: ignore[union-attr]
        y = (x - mean.view(shape)) * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            y = y * self.weight.view(shape) + self.bias.view(shape)
        return y.to(input.dtype)


def join_batch_norm(model: nn.Module) -> None:
    """Let every batch norm of ``model`` see the batches of all processes."""
    if world() == 1:
        return
    for module in model.modules():
        if isinstance(module, _BatchNorm) and module.track_running_stats:
            # The same parameters under the same names: optimiser and checkpoints see no change.
            module.__class__ = GlobalBatchNorm

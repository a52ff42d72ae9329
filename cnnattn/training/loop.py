"""The training loop and the evaluation, as plain functions over a model and arrays."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cnnattn.data.augment import augment
from cnnattn.data.datasets import Dataset, Split
from cnnattn.data.pictures import normalise
from cnnattn.problem import Problem
from cnnattn.training import distributed
from cnnattn.training.recipes import TrainConfig

Prepare = Callable[[Tensor], Tensor]  # pictures uint8 (N, H, W, 3) -> input (N, 3, H, W)
State = dict[str, Any]  # tensors and plain values, so that torch.load(weights_only=True) reads it


@dataclass(frozen=True)
class Step:
    """One iteration: a batch seen, the weights moved once."""

    epoch: int  # from 1
    iteration: int  # from 1, over the whole run
    loss: float
    learning_rate: float
    # A copy of where the training stands, to go on from; to be asked for before the next event.
    state: Callable[[], State] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Epoch:
    """One pass over the training set. Losses in nats, accuracies in 0 … 1."""

    epoch: int
    train_loss: float  # means over the epoch, on augmented pictures, while the weights moved
    train_accuracy: float
    test_loss: float  # of ``weights``, after the epoch
    test_accuracy: float
    seconds: float
    weights: dict[str, Tensor]  # what was tested: the averaged weights where the recipe averages
    state: Callable[[], State] = field(repr=False, compare=False)


@dataclass
class _Position:
    """How far a training has come."""

    epoch: int = 1  # the one that is running
    iteration: int = 0  # done, over the whole run
    order: Tensor | None = None  # of the pictures in this epoch; None before it begins
    loss: float = 0.0  # summed over the pictures of this epoch
    hits: float = 0.0
    seconds: float = 0.0  # spent on this epoch


def train(
    model: nn.Module,
    data: Dataset,
    config: TrainConfig,
    state: State | None = None,
    prepare: Prepare = normalise,
) -> Iterator[Step | Epoch]:
    """Train ``model`` in place, yielding a Step after each batch and an Epoch after each pass.

    ``prepare`` makes pictures what the model takes: the right size, its mean and deviation. The
    model holds the tested (averaged) weights when the iterator is exhausted. Everything random
    follows ``config.seed``. From the ``state`` of an earlier event, with the same data and
    config, the training goes on as if it had never been interrupted (bit for bit on the CPU).
    Under ``torchrun`` the processes share every batch. Raises Problem when the loss is no number.
    """
    device = distributed.device()
    torch.manual_seed(config.seed + distributed.rank())
    generator = torch.Generator().manual_seed(config.seed)
    set_dropout(model, config.dropout)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    distributed.join_batch_norm(model)
    forward = torch.compile(model) if config.compile else model
    pictures, labels = (torch.from_numpy(a) for a in (data.train.pictures, data.train.labels))
    batches = -(-len(labels) // config.batch)
    optimiser = make_optimiser(model, config)
    schedule = make_schedule(optimiser, config, batches)
    average = config.averaging and AveragedModel(
        model, multi_avg_fn=get_ema_multi_avg_fn(config.averaging), use_buffers=True
    )
    tested = average.module if average else model
    low_precision = config.low_precision and has_bfloat16(device)
    parts = {"model": model, "optimiser": optimiser, "schedule": schedule}
    if average:
        parts["average"] = average
    at = _Position()
    if state:
        at = _restore(state, parts, generator, device)

    def copied() -> State:
        return copy.deepcopy(
            {
                **{name: part.state_dict() for name, part in parts.items()},
                "position": vars(at),
                "generator": generator.get_state(),
                "random": _random(device).get_rng_state(),
            }
        )

    while at.epoch <= config.epochs:
        started = time.perf_counter() - at.seconds
        model.train()
        if at.order is None:
            at.order = torch.randperm(len(labels), generator=generator)
        done = at.iteration - (at.epoch - 1) * batches
        for index in at.order.split(config.batch)[done:]:
            seen = augment(pictures[index], config.augmentation, generator)
            x = prepare(distributed.share(seen).to(device))
            truth = distributed.share(labels[index]).to(device)
            with torch.autocast(device.type, torch.bfloat16, enabled=low_precision):
                logits = forward(x)
            loss = F.cross_entropy(
                logits.float(), truth, label_smoothing=config.label_smoothing, reduction="sum"
            ).div(len(index))
            optimiser.zero_grad()
            loss.backward()
            distributed.add_gradients(model)
            optimiser.step()
            if average:
                average.update_parameters(model)
            rate = optimiser.param_groups[0]["lr"]
            if config.schedule == "one_cycle":
                schedule.step()
            hits = (logits.argmax(1) == truth).sum()
            mean, right = distributed.total(torch.stack([loss.detach(), hits])).tolist()
            at.iteration += 1
            at.loss += mean * len(index)
            at.hits += right
            at.seconds = time.perf_counter() - started
            _check_number(mean, at)
            yield Step(at.epoch, at.iteration, mean, rate, copied)
        logits = _predict_together(tested, data.test, low_precision, prepare)
        truth = torch.from_numpy(data.test.labels)
        test_loss = F.cross_entropy(logits, truth).item()
        _check_number(test_loss, at)
        if config.schedule == "plateau":
            schedule.step(test_loss)
        ended = at
        at = _Position(at.epoch + 1, at.iteration)
        yield Epoch(
            ended.epoch,
            ended.loss / len(labels),
            ended.hits / len(labels),
            test_loss,
            (logits.argmax(1) == truth).double().mean().item(),
            time.perf_counter() - started,
            {name: value.to("cpu", copy=True) for name, value in tested.state_dict().items()},
            copied,
        )
    if average:
        model.load_state_dict(average.module.state_dict())
    model.cpu().eval()


def _predict_together(
    model: nn.Module, split: Split, low_precision: bool, prepare: Prepare
) -> Tensor:
    """``predict``, each process a share of the pictures and all of them the whole result."""
    mine = Split(distributed.share(split.pictures), distributed.share(split.labels))
    logits = predict(model, mine, low_precision=low_precision, prepare=prepare)
    return distributed.gathered(logits, len(split.labels))


@torch.inference_mode()
def predict(
    model: nn.Module,
    split: Split,
    batch: int = 100,
    low_precision: bool = False,
    prepare: Prepare = normalise,
) -> Tensor:
    """Logits float32 (N, classes) for every picture of the split, the model in eval mode."""
    model.eval()
    device = next(model.parameters()).device
    with torch.autocast(
        device.type, torch.bfloat16, enabled=low_precision and has_bfloat16(device)
    ):
        return torch.cat(
            [
                model(prepare(part.to(device))).float()
                for part in torch.from_numpy(split.pictures).split(batch)
            ]
        ).cpu()


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies in bfloat16 itself (emulated, it would be slower)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    if not hasattr(torch.cpu, "get_capabilities"):  # an older torch
        return getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def _restore(
    state: State, parts: dict[str, Any], generator: torch.Generator, device: torch.device
) -> _Position:
    """Put everything back to where ``state`` was taken."""
    for name, part in parts.items():
        part.load_state_dict(state[name])
    generator.set_state(state["generator"])
    at = _Position(**state["position"])
    if distributed.world() == 1:
        _random(device).set_rng_state(state["random"])
    else:  # only the first process's was saved, and dropout must differ between them
        torch.manual_seed(torch.initial_seed() + distributed.world() * at.iteration)
    return at


def _random(device: torch.device):
    """The module that keeps the device's random state, which dropout draws from."""
    return torch.random if device.type == "cpu" else torch.get_device_module(device)


def _check_number(loss: float, at: _Position) -> None:
    if not math.isfinite(loss):
        raise Problem(
            "The loss became {loss} in epoch {epoch} (iteration {iteration}), so the training "
            "stopped and keeps its last good epoch; train again with a lower learning rate.",
            loss=loss,
            epoch=at.epoch,
            iteration=at.iteration,
        )


def set_dropout(model: nn.Module, share: float | None) -> None:
    """Let every dropout of ``model`` drop that share; None leaves the network's own."""
    if share is not None:
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = share


def make_optimiser(
    model: nn.Module, config: TrainConfig, rate: Tensor | None = None, **options: Any
) -> torch.optim.Optimizer:
    """The optimiser of a recipe; a ``rate`` on the GPU, to be changed there, replaces its own."""
    learning_rate = config.learning_rate if rate is None else rate
    decayed = list(model.parameters()) if config.decayed == "all" else kernels(model)
    known = {id(p) for p in decayed}
    rest = [p for p in model.parameters() if id(p) not in known]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}]
    if rest:
        groups.append({"params": rest, "weight_decay": 0.0})
    if config.optimiser == "adam":
        return torch.optim.AdamW(groups, learning_rate, **options)
    return torch.optim.SGD(groups, learning_rate, momentum=0.9, nesterov=True, **options)


def kernels(model: nn.Module) -> list[nn.Parameter]:
    """The weights of convolutions and linear layers, but for those of attention modules.

    An attention module is one whose name begins with ``attention``.
    """
    return [
        parameter
        for name, parameter in model.named_parameters()
        if parameter.ndim > 1 and not any(n.startswith("attention") for n in name.split("."))
    ]


def make_schedule(optimiser, config: TrainConfig, batches: int):
    """The recipe's schedule of the learning rate, for ``batches`` an epoch."""
    if config.schedule == "plateau":
        return torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, "min", patience=3, factor=0.5)
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        config.learning_rate,
        total_steps=config.epochs * batches,
        pct_start=0.2,
        anneal_strategy="linear",
        div_factor=10,
        final_div_factor=1000,
        cycle_momentum=False,
    )

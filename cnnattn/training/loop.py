"""The training loop and the evaluation, as plain functions over a model and arrays."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cnnattn.data.augment import augment
from cnnattn.data.datasets import Dataset, Split
from cnnattn.data.pictures import normalise
from cnnattn.training.recipes import TrainConfig


@dataclass(frozen=True)
class Step:
    """One iteration: a batch seen, the weights moved once."""

    epoch: int  # from 1
    iteration: int  # from 1, over the whole run
    loss: float
    learning_rate: float


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


def train(model: nn.Module, data: Dataset, config: TrainConfig) -> Iterator[Step | Epoch]:
    """Train ``model`` in place, yielding a Step after each batch and an Epoch after each pass.

    The model holds the tested (averaged) weights when the iterator is exhausted. Everything random
    follows ``config.seed``.
    """
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    if config.dropout is not None:
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = config.dropout
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    forward = torch.compile(model) if config.compile else model
    pictures, labels = (torch.from_numpy(a) for a in (data.train.pictures, data.train.labels))
    batches = -(-len(labels) // config.batch)
    optimiser = _optimiser(model, config)
    schedule = _schedule(optimiser, config, batches)
    average = config.averaging and AveragedModel(
        model, multi_avg_fn=get_ema_multi_avg_fn(config.averaging), use_buffers=True
    )
    iteration = 0
    for epoch in range(1, config.epochs + 1):
        start = time.perf_counter()
        model.train()
        losses, hits = [], 0
        for index in torch.randperm(len(labels), generator=generator).split(config.batch):
            x = normalise(augment(pictures[index], config.augmentation, generator))
            with torch.autocast(
                "cpu", torch.bfloat16, enabled=config.low_precision and has_bfloat16()
            ):
                logits = forward(x)
            loss = F.cross_entropy(
                logits.float(), labels[index], label_smoothing=config.label_smoothing
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if average:
                average.update_parameters(model)
            rate = optimiser.param_groups[0]["lr"]
            if config.schedule == "one_cycle":
                schedule.step()
            iteration += 1
            losses.append(loss.item() * len(index))
            hits += int((logits.argmax(1) == labels[index]).sum())
            yield Step(epoch, iteration, loss.item(), rate)
        tested = average.module if average else model
        logits = predict(tested, data.test, low_precision=config.low_precision)
        truth = torch.from_numpy(data.test.labels)
        test_loss = F.cross_entropy(logits, truth).item()
        if config.schedule == "plateau":
            schedule.step(test_loss)
        yield Epoch(
            epoch,
            sum(losses) / len(labels),
            hits / len(labels),
            test_loss,
            (logits.argmax(1) == truth).double().mean().item(),
            time.perf_counter() - start,
            {name: value.clone() for name, value in tested.state_dict().items()},
        )
    if average:
        model.load_state_dict(average.module.state_dict())
    model.eval()


@torch.inference_mode()
def predict(
    model: nn.Module, split: Split, batch: int = 500, low_precision: bool = False
) -> Tensor:
    """Logits float32 (N, classes) for every picture of the split, the model in eval mode."""
    model.eval()
    with torch.autocast("cpu", torch.bfloat16, enabled=low_precision and has_bfloat16()):
        return torch.cat(
            [model(normalise(p)).float() for p in torch.from_numpy(split.pictures).split(batch)]
        )


def has_bfloat16() -> bool:
    """Whether this processor multiplies in bfloat16 itself (emulated, it would be slower)."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def _optimiser(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    if config.optimiser == "adam":
        return torch.optim.AdamW(
            model.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
    return torch.optim.SGD(
        model.parameters(),
        config.learning_rate,
        momentum=0.9,
        nesterov=True,
        weight_decay=config.weight_decay,
    )


def _schedule(optimiser, config: TrainConfig, batches: int):
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

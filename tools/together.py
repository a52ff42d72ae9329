"""Train many networks at once on one GPU, each as the training loop would train it alone.

One small network leaves a GPU idle most of the time: it waits for Python. Here a whole step of each
(forward, backward, optimiser) is recorded once as a CUDA graph and then replayed, every network on
a stream of its own. Networks with the same seed and recipe look at the same batches, which are
drawn once, in the order and with the changes that ``cnnattn.training.loop.train`` draws.
"""

import copy
import time
from collections.abc import Iterator, Sequence
from queue import Queue
from threading import Thread

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnattn.data.augment import augment
from cnnattn.data.datasets import Dataset
from cnnattn.training.loop import (
    Epoch,
    has_bfloat16,
    make_optimiser,
    make_schedule,
    predict,
    set_dropout,
)
from cnnattn.training.recipes import TrainConfig
from cnnattn.training.record import as_event, note
from cnnattn.training.run_folder import RunConfig
from cnnattn.training.worker import begin

Trained = tuple[RunConfig, nn.Module, dict]  # the network on the CPU, and its card
WAITING = 4  # batches that a group has ready


def train_together(
    runs: Sequence[RunConfig], data: Dataset, device: str = "cuda"
) -> Iterator[Trained]:
    """Train all ``runs``, whose schedule must be "one_cycle", and yield each when it is done.

    On the CPU nothing is recorded: there it is the plain loop, for tests.
    """
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    groups: dict[tuple, _Group] = {}
    for run in runs:
        how = run.train
        key = (how.seed, how.batch, how.epochs, how.augmentation, run.arch)
        if key not in groups:
            groups[key] = _Group(run.train, data, torch.device(device))
        groups[key].add(run)
    for group in groups.values():
        group.start()
    working = list(groups.values())
    while working:
        for group in list(working):
            if group.step():
                continue
            working.remove(group)
            for network in group.networks:
                yield network.run, network.tested.cpu().eval(), network.card


class _Group:
    """Networks that look at the same batches."""

    def __init__(self, how: TrainConfig, data: Dataset, device: torch.device) -> None:
        self.how, self.data, self.device = how, data, device
        self.networks: list[_Network] = []
        self.epoch, self.done = 1, 0  # done: batches of this epoch
        self.batches = -(-len(data.train.labels) // how.batch)  # in an epoch
        self.ready: Queue[tuple[Tensor, Tensor]] = Queue(WAITING)

    def add(self, run: RunConfig) -> None:
        self.networks.append(_Network(run, self.data, self.batches, self.device))

    def start(self) -> None:
        """Make room for batches, record every network's step, begin to draw."""
        n, batch = len(self.data.train.labels), self.how.batch
        sizes = {min(batch, n), n - (self.batches - 1) * batch}
        shape = self.networks[0].shape
        self.inputs = {
            size: (
                torch.zeros(size, *shape, device=self.device).to(memory_format=torch.channels_last),
                torch.zeros(size, dtype=torch.long, device=self.device),
            )
            for size in sizes
        }
        for network in self.networks:
            network.prepare_steps(self.inputs)
        if self.device.type == "cuda":
            self.stream = torch.cuda.Stream()
            largest = self.inputs[max(sizes)][0]
            self.staging = [
                torch.empty_like(largest, device="cpu").pin_memory() for _ in range(WAITING)
            ]
            self.copied = [torch.cuda.Event() for _ in range(WAITING)]
        Thread(target=self._draw, daemon=True).start()
        self.began = time.perf_counter()

    def _draw(self) -> None:
        """What the training loop draws, in its order."""
        generator = torch.Generator().manual_seed(self.how.seed)
        pictures = torch.from_numpy(self.data.train.pictures)
        labels = torch.from_numpy(self.data.train.labels)
        for _ in range(self.how.epochs):
            order = torch.randperm(len(labels), generator=generator)
            for index in order.split(self.how.batch):
                seen = augment(pictures[index], self.how.augmentation, generator)
                self.ready.put((self.networks[0].input_of(seen), labels[index]))

    def step(self) -> bool:
        """One batch for all; False when there is nothing left to do."""
        if self.epoch > self.how.epochs:
            return False
        x, truth = self.ready.get(timeout=300)
        self._train_on(x, truth)
        self.done += 1
        if self.done == self.batches:
            if self.device.type == "cuda":
                torch.cuda.synchronize()
            seconds = time.perf_counter() - self.began
            for network in self.networks:
                network.end_epoch(self.epoch, self.data, seconds)
            self.epoch, self.done, self.began = self.epoch + 1, 0, time.perf_counter()
        return True

    def _train_on(self, x: Tensor, truth: Tensor) -> None:
        to_x, to_truth = self.inputs[len(truth)]
        if self.device.type != "cuda":
            to_x.copy_(x)
            to_truth.copy_(truth)
            for network in self.networks:
                network.step(to_x, to_truth)
            return
        turn = self.done % WAITING  # a buffer is written again only after it was copied
        self.copied[turn].synchronize()
        staged = self.staging[turn][: len(truth)]
        staged.copy_(x)
        with torch.cuda.stream(self.stream):
            to_x.copy_(staged, non_blocking=True)
            self.copied[turn].record()
            to_truth.copy_(truth, non_blocking=True)
        for network in self.networks:
            network.stream.wait_stream(self.stream)
            with torch.cuda.stream(network.stream):
                network.graphs[len(truth)].replay()
        for network in self.networks:
            self.stream.wait_stream(network.stream)


class _Network:
    """One network in training; everything that a step changes stays on its device."""

    def __init__(self, run: RunConfig, data: Dataset, batches: int, device: torch.device) -> None:
        self.run, self.how, self.device = run, run.train, device
        _spec, model, self.card, self.input_of = begin(run, data)
        self.shape = tuple(self.input_of(torch.from_numpy(data.train.pictures[:1])).shape[1:])
        set_dropout(model, self.how.dropout)
        self.model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.tested = copy.deepcopy(self.model) if self.how.averaging else self.model
        self.low_precision = self.how.low_precision and has_bfloat16(device)
        iterations = self.how.epochs * batches
        self.rates = torch.tensor(_rates(self.how, batches), device=device)
        self.rate = torch.tensor(self.how.learning_rate, device=device)
        options = {"fused": True} if device.type == "cuda" else {}
        if options and self.how.optimiser == "adam":
            options["capturable"] = True
        self.optimiser = make_optimiser(self.model, self.how, self.rate, **options)
        self.done = torch.zeros(1, dtype=torch.long, device=device)
        self.losses = torch.zeros(iterations, device=device)
        self.hits = torch.zeros(iterations, device=device)
        self.batches = batches  # in an epoch
        self.graphs: dict[int, torch.cuda.CUDAGraph] = {}

    def step(self, x: Tensor, truth: Tensor) -> None:
        """As one iteration of the training loop, without asking the device for anything."""
        self.rate.copy_(self.rates.index_select(0, self.done)[0])
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.low_precision, cache_enabled=False
        ):
            logits = self.model(x)
        loss = F.cross_entropy(
            logits.float(), truth, label_smoothing=self.how.label_smoothing, reduction="sum"
        ).div(len(truth))
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        if self.tested is not self.model:
            self._average()
        self.losses.index_copy_(0, self.done, loss.detach()[None])
        self.hits.index_copy_(0, self.done, (logits.argmax(1) == truth).sum().float()[None])
        self.done += 1

    @torch.no_grad()
    def _average(self) -> None:
        """The first time a copy, then a step of 1 - decay towards the new weights."""
        share = torch.where(self.done == 0, 1.0, 1 - self.how.averaging)[0]
        new = self.model.state_dict()
        for name, value in self.tested.state_dict().items():
            if value.is_floating_point():
                value.add_(share * (new[name] - value))
            else:
                value.copy_(new[name])

    def prepare_steps(self, inputs: dict[int, tuple[Tensor, Tensor]]) -> None:
        """On a GPU, record a step for each size of batch; the network is as fresh afterwards."""
        self.model.train()
        if self.device.type != "cuda":
            return
        self.stream = torch.cuda.Stream()
        fresh = copy.deepcopy(self.model.state_dict())
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            for size, (x, truth) in inputs.items():
                for _ in range(3):  # lets libraries choose and allocate before the recording
                    self.step(x, truth)
                self.stream.synchronize()
                graph = torch.cuda.CUDAGraph()
                graph.capture_begin()
                self.step(x, truth)
                graph.capture_end()
                self.graphs[size] = graph
            self.model.load_state_dict(fresh)
            self.tested.load_state_dict(fresh)
            for state in self.optimiser.state.values():
                for value in state.values():
                    value.zero_()
            for counted in (self.done, self.losses, self.hits):
                counted.zero_()
        self.stream.synchronize()

    def end_epoch(self, epoch: int, data: Dataset, seconds: float) -> None:
        """Test the network and write the epoch on its card."""
        part = slice((epoch - 1) * self.batches, epoch * self.batches)
        losses, hits = self.losses[part].tolist(), self.hits[part].tolist()
        self.card["losses"] += [round(loss, 4) for loss in losses]
        logits = predict(self.tested, data.test, 1000, self.low_precision, self.input_of)
        self.model.train()
        truth, n, batch = torch.from_numpy(data.test.labels), len(data.train.labels), self.how.batch
        sizes = [min(batch, n - start) for start in range(0, n, batch)]
        note(
            self.card,
            as_event(
                Epoch(
                    epoch,
                    sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / n,
                    sum(hits) / n,
                    F.cross_entropy(logits, truth).item(),
                    (logits.argmax(1) == truth).double().mean().item(),
                    seconds,
                    {},
                    dict,
                )
            ),
        )


def _rates(how: TrainConfig, batches: int) -> list[float]:
    """The learning rate of every iteration."""
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], how.learning_rate)
    schedule, rates = make_schedule(optimiser, how, batches), []
    for _ in range(how.epochs * batches):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return rates

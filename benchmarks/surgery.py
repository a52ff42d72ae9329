"""What the attention pages compute with ``cnn-se``: a surgery, an ablation, a class profile.

    python -m benchmarks.surgery [--stage 3] [--pictures 10000]

The peers are plain loops, in the same run: for the surgery, two runs with a hook each and a figure
of matplotlib, 9 channels before and after; for the ablation, one run a channel; for the profile,
the tutorial's DataLoader with batches of 64 and a hook. Pictures are the built-in samples and, for
the profile, noise: what is in them does not change the speed.
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable

import matplotlib
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision import transforms

from cnnattn.data.datasets import Split
from cnnattn.data.pictures import CIFAR10_MEAN, CIFAR10_STD, input_picture, to_input
from cnnattn.data.samples import samples
from cnnattn.explain.gates import gate_profile
from cnnattn.explain.surgery import ablate_each
from cnnattn.figures.heat.heat_matrix import heat_matrix
from cnnattn.figures.maps.channel_grid import channel_grid
from cnnattn.figures.scores.predictions import predictions
from cnnattn.nets.checkpoint import load
from cnnattn.web.attention.inside import inside_of
from cnnattn.web.attention.profile import batches
from cnnattn.web.library.checkpoints import CHECKPOINTS, Model, analyse_uncached
from cnnattn.web.surgery import outcome
from cnnattn.web.surgery.operation import Operation

matplotlib.use("Agg")
import matplotlib.pyplot as plt

CUT = (3, 9, 17)  # channels that the surgery switches off


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--pictures", type=int, default=10_000)
    arguments = parser.parse_args()
    file = CHECKPOINTS / "cnn-se.safetensors"
    model = Model(file.stem, file, load(file))
    stage = model.stages[arguments.stage - 1]
    seen = [input_picture(sample.picture) for sample in samples()[:20]]
    inputs = [to_input(picture) for picture in seen]
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, stage {stage.name}")

    before = {
        id(picture): analyse_uncached(model.checkpoint, picture) for picture in seen
    }  # kept by the app
    ours = median_ms(lambda picture: operate(model, stage, picture, before[id(picture)]), seen)
    peer = median_ms(lambda picture: plain_surgery(model, stage.gate, picture), seen[:5])
    report("surgery of one picture, with its figures", ours, peer, "ms")

    ours = median_ms(lambda x: ablate_each(model.checkpoint.model, x, stage.gate), inputs)
    peer = median_ms(lambda x: plain_ablation(model, stage.gate, x), inputs[:5])
    report("ablation of every channel", ours, peer, "ms")

    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (arguments.pictures, 32, 32, 3), np.uint8)
    split = Split(noise, np.arange(arguments.pictures) % 10)
    ours = seconds(lambda: gate_profile(model.checkpoint.model, batches(model, split), 10))
    peer = seconds(lambda: plain_profile(model, stage.gate, split))
    report(f"class profile of {arguments.pictures} pictures", ours, peer, "s")


def operate(model: Model, stage, seen, before) -> None:
    """What the page computes after a click: run, heat map, three figures as JSON."""
    own = inside_of(model, seen, stage)
    planned = Operation(stage, stage.gate, "channel", channels=CUT)
    after = outcome.operate(model, seen, planned, before.target)
    predictions(outcome.answers(model, before, after, None)).to_json()
    channel_grid(outcome.map_panels(model, before, after, stage), percentile=99.5).to_json()
    heat_matrix(outcome.map_columns(model, seen, before, after, planned, own)).to_json()


def plain_surgery(model: Model, gate: str, seen) -> None:
    """Before and after by hooks on the network itself, drawn by matplotlib."""
    network = model.checkpoint.model
    figure, axes = plt.subplots(2, 11, figsize=(20, 4))
    for row, cut in zip(axes, ((), CUT), strict=True):
        kept: dict[str, Tensor] = {}

        def keep(module, inputs, output, kept=kept):
            kept["maps"] = output
            output.retain_grad()

        def operate(module, inputs, output, cut=cut, kept=kept):
            kept["gate"] = output = output.clone()
            output[:, list(cut)] = 0
            return output

        hooks = [
            network.get_submodule(gate).register_forward_hook(operate),
            network.attention3.register_forward_hook(keep),
        ]
        logits = network(to_input(seen).requires_grad_())
        logits[0, logits.argmax()].backward()
        for hook in hooks:
            hook.remove()
        maps = kept["maps"]
        cam = (maps.grad.mean((2, 3), keepdim=True) * maps).sum(1)[0].relu()
        for axis, channel in zip(row, maps[0].detach(), strict=False):
            axis.imshow(channel, cmap="viridis")
        row[9].imshow(cam.detach(), cmap="jet")
        row[10].bar(range(kept["gate"].numel()), kept["gate"].detach().flatten())
    figure.savefig(io.BytesIO())
    plt.close(figure)


def plain_ablation(model: Model, gate: str, x: Tensor) -> Tensor:
    """One run of the whole network a channel."""
    network, scores, channel, channels = model.checkpoint.model, [], 0, 1

    def operate(module, inputs, output):
        nonlocal channels
        channels = output.shape[1]
        output = output.clone()
        output[:, channel] = 0
        return output

    hook = network.get_submodule(gate).register_forward_hook(operate)
    with torch.no_grad():
        while channel < channels:
            scores.append(network(x))
            channel += 1
    hook.remove()
    return torch.cat(scores)


def plain_profile(model: Model, gate: str, split: Split) -> list[Tensor]:
    """The mean gate of every class, over a DataLoader as tutorials write it."""
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize(CIFAR10_MEAN, CIFAR10_STD)]
    )

    class Pictures(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(split.labels)

        def __getitem__(self, i: int):
            return transform(Image.fromarray(split.pictures[i])), int(split.labels[i])

    network, gates, classes = model.checkpoint.model, [], []
    hook = network.get_submodule(gate).register_forward_hook(
        lambda module, inputs, output: gates.append(output.flatten(1))
    )
    with torch.no_grad():
        for x, labels in DataLoader(Pictures(), 64):
            network(x)
            classes.append(labels)
    hook.remove()
    found, known = torch.cat(gates), torch.cat(classes)
    return [found[known == label].mean(0) for label in range(10)]


def report(what: str, ours: float, peer: float, unit: str) -> None:
    digits = 0 if unit == "ms" else 1
    print(
        f"{what}: {ours:.{digits}f} {unit}, plain loop {peer:.{digits}f} {unit}, "
        f"ratio {peer / ours:.1f}"
    )


def median_ms(work: Callable, inputs: list) -> float:
    work(inputs[0])  # warm
    return 1000 * statistics.median(seconds(lambda one=one: work(one)) for one in inputs)


def seconds(work: Callable) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

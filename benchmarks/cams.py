"""Heat maps and their faithfulness, against grad-cam and torchcam on the same network and picture.

    pip install grad-cam torchcam && python -m benchmarks.cams [checkpoint] [layer]

Each library computes the map of one class, clipped at 0, scaled to 0 … 1 and enlarged to the
picture, as it is meant to be used: its hooks are set up once, before the clock runs.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from copy import deepcopy
from pathlib import Path

import pytorch_grad_cam
import torch
import torchcam.methods
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from cnnattn.data.pictures import to_input
from cnnattn.data.samples import samples
from cnnattn.explain.cam import enlarge, heatmap, positive, unit
from cnnattn.explain.faithfulness import curves
from cnnattn.nets.checkpoint import load

METHODS = {  # ours: (grad-cam's, torchcam's)
    "grad_cam": ("GradCAM", "GradCAM"),
    "grad_cam_pp": ("GradCAMPlusPlus", "GradCAMpp"),
    "layer_cam": ("LayerCAM", "LayerCAM"),
    "score_cam": ("ScoreCAM", "ScoreCAM"),
}


def main(name: str = "cnn-se", layer: str = "attention3") -> None:
    model = load(Path(__file__).parents[1] / f"checkpoints/{name}.safetensors").model
    x = to_input(samples()[0].picture)
    target = int(model(x)[0].argmax())
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {name}, {layer}")
    print("median in ms            ours  grad-cam  torchcam  faster peer / ours")
    for method, (first, second) in METHODS.items():
        work = [
            lambda method=method: ours(model, x, target, layer, method),
            grad_cam(first, model, x, target, layer),
            torch_cam(second, model, x, target, layer),
        ]
        mine, *peers = [median_ms(each) for each in work]
        row = "".join(f"{ms:10.1f}" for ms in (mine, *peers))
        print(f"{method:18s}{row}{min(peers) / mine:10.1f}")
    cam = heatmap(model, x, target, layer)
    both = median_ms(lambda: curves(model, x, cam, target, 64))
    print(f"deletion and insertion, 64 steps each: {both:.1f} ms")


def ours(model: nn.Module, x: Tensor, target: int, layer: str, method: str) -> Tensor:
    return unit(enlarge(positive(heatmap(model, x, target, layer, method)), x.shape[2:]))


def grad_cam(kind: str, model: nn.Module, x: Tensor, target: int, layer: str) -> Callable:
    model = deepcopy(model)  # its hooks stay on it
    module = model.get_submodule(layer)
    method = getattr(pytorch_grad_cam, kind)(model=model, target_layers=[module])
    x = x.clone().requires_grad_()  # our checkpoints' parameters are frozen
    return lambda: method(input_tensor=x, targets=[ClassifierOutputTarget(target)])


def torch_cam(kind: str, model: nn.Module, x: Tensor, target: int, layer: str) -> Callable:
    model = deepcopy(model)
    method = getattr(torchcam.methods, kind)(model, layer, input_shape=tuple(x.shape[1:]))
    x = x.clone().requires_grad_()

    def work() -> Tensor:
        scores = model(x)
        [cam] = method(target, scores)
        return enlarge(cam, x.shape[2:])

    return work


def median_ms(work: Callable, least: float = 1.0) -> float:
    """Over at least 5 runs and ``least`` seconds, after a first run that does not count."""
    times: list[float] = []
    with redirect_stderr(io.StringIO()):  # grad-cam draws progress bars
        work()
        while len(times) < 5 or sum(times) < least:
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


if __name__ == "__main__":
    main(*sys.argv[1:])

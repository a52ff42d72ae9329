"""What the home page computes for one picture and two models, against the tutorial's figure.

    python -m benchmarks.analyse

The peer: the same maps of one model, 9 channels of 3 layers, drawn with matplotlib to a PNG.
"""

import io
import statistics
import time
from collections.abc import Callable

import matplotlib
import torch

from cnnattn.data.pictures import input_picture
from cnnattn.data.samples import samples
from cnnattn.figures.maps.channel_grid import channel_grid
from cnnattn.nets.checkpoint import load
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import CHECKPOINTS, Model, analyse_uncached

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def main() -> None:
    files = [CHECKPOINTS / f"{name}.safetensors" for name in ("cnn-none", "cnn-se")]
    models = [Model(file.stem, file, load(file)) for file in files]
    pictures = [input_picture(sample.picture) for sample in samples()[:20]]
    ours = median_ms(lambda seen: our_page(models, seen), pictures)
    peer = median_ms(lambda seen: tutorials_figure(models[0], seen), pictures[:5])
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"ours, two models, all layers, gates, Grad-CAM, grid: {ours:.0f} ms")
    print(f"matplotlib, one model, 9 channels × 3 layers:        {peer:.0f} ms")
    print(f"ratio {peer / ours:.1f}")


def our_page(models: list[Model], seen) -> None:
    pairs = [(model, analyse_uncached(model.checkpoint, seen)) for model in models]
    panels = [charts.grid_panel(pair, pair[0].stages[0], "attention", "all", 0) for pair in pairs]
    channel_grid(panels, percentile=99.5).to_json()
    for pair in pairs:
        charts.prediction_column(pair, "cat")


def tutorials_figure(model: Model, seen) -> None:
    found = analyse_uncached(model.checkpoint, seen)
    figure, axes = plt.subplots(3, 9, figsize=(18, 6))
    for row, stage in zip(axes, model.stages, strict=True):
        for axis, channel in zip(row, found.maps[stage.output], strict=False):
            axis.imshow(channel, cmap="viridis")
            axis.axis("off")
    figure.savefig(io.BytesIO())
    plt.close(figure)


def median_ms(work: Callable, pictures: list) -> float:
    work(pictures[0])  # warm
    times = []
    for seen in pictures:
        start = time.perf_counter()
        work(seen)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


if __name__ == "__main__":
    main()

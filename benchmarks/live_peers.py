"""A forward run in the browser: our engine beside onnxruntime-web and TensorFlow.js, one thread.

    npm install onnxruntime-web @tensorflow/tfjs @tensorflow/tfjs-backend-wasm; pip install onnx
    python -m benchmarks.live --peers node_modules

All see the same network with a new picture in each run. Prints the median and the 95th percentile
in milliseconds, how far the logits are from torch's, and what each fetches to run.
"""

import base64
import io
import mimetypes
from pathlib import Path

import torch
from playwright.sync_api import Browser, Page, Route

from cnnattn.live.payload import Parts, network
from cnnattn.live.script import engine_script
from cnnattn.nets.checkpoint import Checkpoint, load
from cnnattn.places import ROOT

ENGINES = {
    "own engine, SIMD kernel": "ownEngine(content, input, simdKernels(), times)",
    "own engine, plain JavaScript": "ownEngine(content, input, javascriptKernels, times)",
    "onnxruntime-web, wasm": "onnxruntime(model, input, times)",
    "TensorFlow.js, wasm": "tensorflow(content, input, times)",
}
RUN = """async ([content64, model64, pixels, times]) => {
  const content = fromBase64(content64), model = fromBase64(model64);
  const input = Float32Array.from(pixels);
  return await %s;
}"""


def compare(browser: Browser, peers: Path, name: str = "cnn-se", times: int = 100) -> None:
    """Print a line for each engine."""
    checkpoint = load(ROOT / f"checkpoints/{name}.safetensors")
    model = checkpoint.model.eval()
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = model(x)[0]
    parts = Parts()
    entry = network(model, checkpoint.spec, parts)
    content = base64.b64encode(parts.pack(entry)).decode()
    onnx = base64.b64encode(_onnx(checkpoint, x)).decode()
    for title, call in ENGINES.items():
        page, fetched = _page(browser, peers)
        found = page.evaluate(RUN % call, [content, onnx, x.ravel().tolist(), times])
        page.close()
        error = (torch.tensor(found["logits"]) - expected).abs().max()
        runs = sorted(found["times"])
        print(
            f"{name} forward, {title}: median {runs[len(runs) // 2]:.2f} ms, "
            f"p95 {runs[int(0.95 * (len(runs) - 1))]:.2f} ms, logits off by {error:.0e}, "
            f"fetched {sum(fetched) / 1e6:.2f} MB"
        )


def _page(browser: Browser, peers: Path) -> tuple[Page, list[int]]:
    """A page with our engine, to which the folder ``peers`` is http://peers.test; bytes fetched."""
    page, fetched = browser.new_page(), []
    page.on("pageerror", lambda error: print("error:", error))

    def serve(route: Route) -> None:
        file = peers / route.request.url.removeprefix("http://peers.test/").partition("?")[0]
        if not file.is_file():
            route.fulfill(body="<!DOCTYPE html>", content_type="text/html")
            return
        fetched.append(file.stat().st_size)
        kind = "text/javascript" if file.suffix == ".mjs" else mimetypes.guess_type(file)[0]
        route.fulfill(body=file.read_bytes(), content_type=kind)

    page.route("http://peers.test/**", serve)
    page.goto("http://peers.test/")
    own = engine_script() + Path(__file__).with_suffix(".js").read_text()
    page.add_script_tag(content=own)
    return page, fetched


def _onnx(checkpoint: Checkpoint, x: torch.Tensor) -> bytes:
    """The network with the outputs of its stages beside the logits, as ONNX."""
    model, outputs = checkpoint.model, {}
    stages = [stage.output for stage in checkpoint.architecture.stages]
    hooks = [
        model.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: outputs.__setitem__(name, output)
        )
        for name in stages
    ]

    class Watched(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return (self.model(x), *(outputs[name] for name in stages))

    file = io.BytesIO()
    torch.onnx.export(
        Watched().eval(),
        (x,),
        file,
        dynamo=False,
        input_names=["input"],
        output_names=["logits", *(f"stage{i}" for i in range(len(stages)))],
    )
    for hook in hooks:
        hook.remove()
    return file.getvalue()

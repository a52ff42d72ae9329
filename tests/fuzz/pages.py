"""Pages with odd cards, odd runs and odd links: no page ends in a traceback."""

import random
import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

from streamlit.testing.v1 import AppTest

from cnnattn.training import runs
from cnnattn.web.library import checkpoints as library
from tests.fuzz.checkpoints import file_with, shipped
from tests.fuzz.run_folders import write_run
from tests.fuzz.twist import twisted

ROOT = Path(__file__).parents[2]
PAGES = ["app.py", *(f"pages/{file.name}" for file in sorted((ROOT / "pages").glob("*.py")))]
ODD_WORDS = (
    "", "x", "0", "-1", "9" * 5000, "1e308", "nan", "a" * 9000, "<script>", "../../etc/passwd",
    "\0", "汉字", "cnn-se,cnn-se", "cnn-none,cnn-se", ",", "%00", "٣", "²", "1.5", "cat-1", "test",
)  # fmt: skip
KEYS = (
    "models", "sample", "source", "lang", "channel", "stage", "layer", "class", "worse", "worse_by",
    "tested", "searched", "test_class", "test_cat", "runs", "square", "large_stage", "kind",
    "method", "true_class", "called_class", "disagreement", "sort_by", "sort_order", "epoch",
    "page", "zzz", "heat_stage", "overlay", "threshold", "gate", "gate_stage", "cut", "gates",
    "by_hand", "by_place", "profile_order", "k", "pass_on", "shuffle", "top_channels", "loss_unit",
    "attention", "arch",
    "study_count", "study_set", "prototype_layer", "look_back", "train_arch", "train_seed",
    "train_seeds", "train_data", "against", "which", "order", "view", "side_a", "side_b",
)  # fmt: skip


def open_page(page: str, /, **query: str) -> AppTest:
    """The page as somebody with this link sees it."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if page != "app.py":
        app.switch_page(page)
    app.query_params.update(query)
    return app.run()


def card(rng: random.Random, place: Path) -> bool:
    """One page with a checkpoint that has an odd card or spec; whether it was taken."""
    folder = place / "checkpoints"
    folder.mkdir(exist_ok=True)
    good = folder / "cnn-none.safetensors"
    if not good.exists():
        shutil.copy(ROOT / "checkpoints/cnn-none.safetensors", good)
    _weights, spec, whole = shipped("cnn-se")
    # Most often among the entries that a page shows.
    found = {"spec": spec, "card": {**whole, "losses": [], "history": []}}
    both = twisted(found, rng)
    both = both if isinstance(both, dict) else {}
    odd = folder / f"odd-{rng.randrange(10**9)}.safetensors"
    odd.write_bytes(file_with("cnn-se", both.get("spec"), both.get("card")))
    try:
        with patch.object(library, "CHECKPOINTS", folder):
            app = open_page(rng.choice(PAGES), lang="en", models=f"cnn-none,{odd.stem}")
    finally:
        odd.unlink()
    assert not app.exception, (both, app.exception)
    named = [each.value for each in app.warning if odd.name in each.value]
    assert len(named) <= 1, named
    return not named


def run(rng: random.Random, place: Path) -> bool:
    """The page Training with a damaged run beside a whole one."""
    # Of its own: a run that was damaged into a queued one is started, and goes on into the next.
    folder = Path(tempfile.mkdtemp(dir=place))
    with patch.object(runs, "RUNS", folder):
        write_run(folder / "20250101-000000-cnn-se-0")
        write_run(folder / f"20250101-000001-cnn-se-{rng.randrange(100)}", rng)
        app = open_page("pages/6_Training.py", lang="en")
    shutil.rmtree(folder, ignore_errors=True)
    assert not app.exception, app.exception
    assert len(app.dataframe[0].value) == 2
    return True


def link(rng: random.Random, place: Path) -> bool:
    """One page behind a link with odd words."""
    query = {rng.choice(KEYS): rng.choice(ODD_WORDS) for _ in range(rng.randint(1, 4))}
    app = open_page(rng.choice(PAGES), **query)
    assert not app.exception, (query, app.exception)
    return True

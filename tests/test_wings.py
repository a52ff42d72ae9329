"""The dependency rule: which wing of the package may import which."""

import subprocess
import sys

import pytest

# wing -> what importing all of its modules must not bring in
FORBIDDEN = {
    "data": ["streamlit", "plotly", "cnnattn.nets", "cnnattn.training", "cnnattn.explain",
             "cnnattn.figures", "cnnattn.web"],
    "nets": ["streamlit", "plotly", "cnnattn.data", "cnnattn.training", "cnnattn.explain",
             "cnnattn.figures", "cnnattn.web"],
    "explain": ["streamlit", "plotly", "cnnattn.data", "cnnattn.nets", "cnnattn.training",
                "cnnattn.figures", "cnnattn.web"],
    "figures": ["streamlit", "torch", "cnnattn.data", "cnnattn.nets", "cnnattn.training",
                "cnnattn.explain", "cnnattn.web"],
    "live": ["streamlit", "plotly", "cnnattn.data", "cnnattn.training", "cnnattn.explain",
             "cnnattn.figures", "cnnattn.web"],
    "training": ["streamlit", "plotly", "cnnattn.explain", "cnnattn.figures", "cnnattn.web"],
}  # fmt: skip

IMPORT_ALL = """
import importlib, pkgutil, sys, cnnattn
wing = importlib.import_module("cnnattn." + sys.argv[1])
names = [m.name for m in pkgutil.walk_packages(wing.__path__, wing.__name__ + ".")]
assert names, "an empty wing"
for name in names:
    importlib.import_module(name)
print(*sorted(sys.modules))
"""


# Every wing may use these; so they import no wing, and nothing but the standard library.
COMMON = {"cnnattn", "cnnattn.problem", "cnnattn.places", "cnnattn.files"}


def test_what_all_wings_share_imports_no_wing():
    code = "import sys, cnnattn.problem, cnnattn.places, cnnattn.files; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert {name for name in loaded if name.startswith("cnnattn")} == COMMON
    assert not loaded & {"numpy", "torch", "streamlit", "plotly"}


@pytest.mark.parametrize("wing", FORBIDDEN)
def test_a_wing_imports_only_what_it_may(wing):
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, wing], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert not loaded & set(FORBIDDEN[wing])


def test_the_command_line_needs_no_streamlit():
    code = "import sys, cnnattn.__main__; print('streamlit' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # v8.py, which the tests here share


@pytest.fixture(scope="session")
def v8():
    from v8 import V8

    return V8()

"""Build the engine's SIMD kernel: ``cnnattn/live/kernel.c`` -> ``cnnattn/live/kernel.wasm``.

    python -m tools.build_kernel

Needs clang with the WebAssembly target and its linker (Debian: ``apt install clang lld``). C and
not assembler, since it reads like ``kernels.js``, and clang does the registers. Nobody needs clang
to use or test the app: the binary is committed, and carries in a custom section of its own the
SHA-256 of the source that it was built from, and by which compiler. ``tests/live/test_kernel.py``
holds the two together, and builds again where the same clang is there.
"""

import hashlib
import subprocess
import tempfile
from pathlib import Path

LIVE = Path(__file__).parents[1] / "cnnattn" / "live"
SOURCE, BINARY = LIVE / "kernel.c", LIVE / "kernel.wasm"
SECTION = b"built-from"
FLAGS = (
    "--target=wasm32", "-Os", "-msimd128", "-std=c11", "-Wall", "-Werror", "-fno-builtin",
    "-nostdlib", "-Wl,--no-entry", "-Wl,--import-memory", "-Wl,-z,stack-size=0", "-Wl,--strip-all",
    "-Wl,--gc-sections",
)  # fmt: skip


def compiler() -> str:
    """The first line of ``clang --version``; raises OSError where there is no clang."""
    told = subprocess.run(["clang", "--version"], capture_output=True, text=True, check=True)
    return told.stdout.partition("\n")[0]


def label(made_by: str) -> bytes:
    """What the custom section says: the hash of source and flags, and the compiler."""
    content = SOURCE.read_bytes() + "\n".join(FLAGS).encode()
    return hashlib.sha256(content).hexdigest().encode() + b" " + made_by.encode()


def build() -> bytes:
    """The binary of the source as it is now; raises CalledProcessError with clang's words."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "kernel.wasm"
        subprocess.run(["clang", *FLAGS, "-o", out, SOURCE], check=True)
        code = out.read_bytes()
    name = bytes([len(SECTION)]) + SECTION
    content = name + label(compiler())
    return code + b"\x00" + _leb128(len(content)) + content  # section 0: custom


def _leb128(number: int) -> bytes:
    """An unsigned number as WebAssembly writes it: seven bits a byte."""
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _leb128(rest) if rest else bytes([low])


if __name__ == "__main__":
    BINARY.write_bytes(build())
    print(f"{BINARY}: {BINARY.stat().st_size} bytes")

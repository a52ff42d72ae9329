"""The committed SIMD kernel is its source's, and does what the plain one does."""

import subprocess

import pytest

from tools.build_kernel import BINARY, SECTION, build, compiler, label


def made_by() -> str:
    return BINARY.read_bytes().rpartition(SECTION)[2].partition(b" ")[2].decode()


def test_the_binary_was_built_from_the_source_as_it_is():
    told = BINARY.read_bytes().rpartition(SECTION)[2]
    assert told == label(made_by()), "run python -m tools.build_kernel"


def test_the_same_compiler_builds_the_same_binary_again():
    try:
        here = compiler()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no clang here")
    if here != made_by():
        pytest.skip(f"built by {made_by()}, here is {here}")
    assert build() == BINARY.read_bytes()


def test_it_needs_nothing_but_memory_and_is_small(v8):
    assert list(v8.array("Uint8Array.of(WebAssembly.validate(KERNEL_WASM))", "u1")) == [1]
    v8.do("""imported = WebAssembly.Module.imports(new WebAssembly.Module(KERNEL_WASM))
      .map(({ kind }) => kind); if (imported.join() !== "memory") throw Error(imported.join())""")
    assert BINARY.stat().st_size < 4096


def test_without_webassembly_the_plain_kernels_are_taken(v8):
    v8.do("""kept = WebAssembly; WebAssembly = undefined; taken = fastestKernels();
      WebAssembly = kept;
      if (taken !== javascriptKernels || fastestKernels() === javascriptKernels) throw Error()""")

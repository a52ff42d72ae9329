"""Data sets: pictures with labels, decoded once into one array."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from cnnattn.data.pictures import input_picture, read_picture
from cnnattn.files import replacing
from cnnattn.problem import Problem

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
MOST_PICTURES = 100_000  # of a split, 300 MB once decoded; CIFAR has 50,000
MOST_CLASSES = 1000
LARGE = 20_000  # bytes of a picture file from which threads pay
CIFAR10_FOLDER = "cifar-10-batches-py"
CIFAR10_PICTURE, CIFAR10_TEST = 32 * 32 * 3, 10_000  # bytes a picture, test pictures
CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


@dataclass(frozen=True)
class Split:
    """Pictures uint8 (N, H, W, 3) and their labels int64 (N,)."""

    pictures: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """A training and a test split over the same classes, label i meaning ``classes[i]``."""

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split


def open_dataset(path: Path, cache: Path | None = None) -> Dataset:
    """The data set in a folder: CIFAR-10 as it is distributed, or an image folder.

    ``cache`` is a folder for decoded pictures. Raises Problem if it is neither.
    """
    if (path / CIFAR10_FOLDER).is_dir():
        return cifar10(path, cache)
    if path.name == CIFAR10_FOLDER:
        return cifar10(path.parent, cache)
    return image_folder(path, cache)


def cifar10(root: Path, cache: Path | None = None) -> Dataset:
    """CIFAR-10 (Krizhevsky 2009) in ``root``/cifar-10-batches-py, checked against its checksums.

    With a ``cache`` folder, its pictures and labels are kept there as one array, which is mapped
    into memory the next time, until a file changes. Raises Problem if it is missing or damaged.
    """
    folder = root / CIFAR10_FOLDER
    files = sorted(folder.glob("*batch*")) if folder.is_dir() else []
    kept = cache and _kept(files, cache, folder)
    flat = _mapped(kept)
    if flat is None:
        flat = _read_cifar10(root)
        if cache and kept:
            _keep(flat, cache, kept)
    # All pictures, then a byte a label: one file, and each of the two in one piece.
    count = len(flat) // (CIFAR10_PICTURE + 1)
    pictures = flat[: count * CIFAR10_PICTURE].reshape(count, 32, 32, 3)
    labels = flat[count * CIFAR10_PICTURE :].astype(np.int64)
    test = slice(count - CIFAR10_TEST, count)
    train = slice(0, count - CIFAR10_TEST)
    return Dataset(
        "CIFAR-10",
        CIFAR10_CLASSES,
        Split(pictures[train], labels[train]),
        Split(pictures[test], labels[test]),
    )


def _read_cifar10(root: Path) -> np.ndarray:
    """Every picture of CIFAR-10, then every label, uint8: first of training, then of testing."""
    read = torchvision_cifar10()
    try:
        parts = [read(root, train) for train in (True, False)]
    except (OSError, RuntimeError):
        raise Problem(
            "CIFAR-10 is not in {folder}, or not complete; download it, or unpack "
            "cifar-10-python.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html there.",
            folder=root,
        ) from None
    labels = [np.array(part.targets, np.uint8) for part in parts]
    return np.concatenate([*(part.data.reshape(-1) for part in parts), *labels])


def torchvision_cifar10() -> type[Any]:
    """torchvision's class CIFAR10; imported when needed: it costs a second and 190 MB of memory.

    Raises Problem if torchvision does not start, as beside a torch of another build.
    """
    try:
        from torchvision.datasets import CIFAR10
    except (ImportError, OSError, RuntimeError):
        raise Problem(
            "CIFAR-10 cannot be read: torchvision is missing, or of another build than torch. "
            "Install them together: pip install --upgrade torch torchvision"
        ) from None
    return CIFAR10


def image_folder(folder: Path, cache: Path | None = None, size: int = 32) -> Dataset:
    """The pictures in ``folder``/train/<class>/ and ``folder``/test/<class>/ (PNG, JPEG, WebP).

    Of each, the centre square, scaled to ``size``. Classes are in alphabetical order. With a
    ``cache`` folder, what was decoded is kept there (one file a data set, mapped into memory when
    read) until a picture's name, size or date changes. Raises Problem if a folder, a class or its
    pictures are missing, or a picture cannot be read.
    """
    train, test = _list(folder, "train"), _list(folder, "test")
    for there, missing, where in ((train, test, "test"), (test, train, "train")):
        if lone := sorted(there.keys() - missing.keys()):
            raise Problem(
                "The class “{name}” has no folder in {folder}; both train and test need "
                "pictures of every class.",
                name=lone[0],
                folder=folder / where,
            )
    classes = tuple(sorted(train))
    files = [file for split in (train, test) for name in classes for file in split[name]]
    pictures = _decoded(files, size, cache, folder)
    splits, start = [], 0
    for split in (train, test):
        labels = np.repeat(np.arange(len(classes)), [len(split[name]) for name in classes])
        splits.append(Split(pictures[start : start + len(labels)], labels))
        start += len(labels)
    return Dataset(
        "CIFAR-10" if classes == CIFAR10_CLASSES else folder.resolve().name, classes, *splits
    )


def by_class(split: Split, label: int, count: int) -> np.ndarray:
    """Indices, int64 (at most count,), of the first pictures of a class."""
    return np.flatnonzero(split.labels == label)[:count]


def _list(folder: Path, split: str) -> dict[str, list[Path]]:
    """The picture files of every class of a split, sorted by name."""
    if not (folder / split).is_dir():
        raise Problem(
            "There is no folder {split} in {folder}; a data folder holds either CIFAR-10 "
            "(cifar-10-batches-py) or pictures as train/<class>/ and test/<class>/.",
            split=split,
            folder=folder,
        )
    try:
        classes = [p for p in (folder / split).iterdir() if p.is_dir() and p.name[0] != "."]
        if len(classes) > MOST_CLASSES:
            raise _too_large(folder / split)
        found = {p.name: _pictures(p) for p in classes}
        if sum(map(len, found.values())) > MOST_PICTURES:
            raise _too_large(folder / split)
    except OSError as error:
        raise Problem(
            "The data folder {folder} cannot be read ({reason}); check its permissions.",
            folder=folder,
            reason=error.strerror,
        ) from None
    if not found:
        raise Problem(
            "The folder {folder} holds no classes; put the pictures of each class into a folder "
            "of its own there.",
            folder=folder / split,
        )
    for name, files in found.items():
        if not files:
            raise Problem(
                "The class folder {folder} holds no pictures; put some there ({suffixes}), or "
                "remove it from both train and test.",
                folder=folder / split / name,
                suffixes=", ".join(sorted(SUFFIXES)),
            )
    return found


def _pictures(folder: Path) -> list[Path]:
    """The picture files in the folder of a class, sorted by name."""
    found = islice(filter(_is_picture, folder.iterdir()), MOST_PICTURES + 1)
    return sorted(found, key=lambda file: file.name)


def _too_large(folder: Path) -> Problem:
    return Problem(
        "The folder {folder} holds more than {pictures} pictures or {classes} classes, which would "
        "take too much memory; put a part of them into a folder of its own.",
        folder=folder,
        pictures=MOST_PICTURES,
        classes=MOST_CLASSES,
    )


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def _decoded(files: Sequence[Path], size: int, cache: Path | None, folder: Path) -> np.ndarray:
    """uint8 (files, size, size, 3), from the cache where it holds just these files."""
    kept = cache and _kept(files, cache, folder, size)
    pictures = _mapped(kept)
    if pictures is None:
        pictures = _decode(files, size)
        if cache and kept:
            _keep(pictures, cache, kept)
    return pictures


def _kept(files: Sequence[Path], cache: Path, folder: Path, size: int = 32) -> Path | None:
    """Where the cache keeps what is decoded of these files; None if one of them is not there."""
    try:
        return cache / f"{_place(folder)}-{_fingerprint(files, size)}.npy"
    except OSError:
        return None  # decoding tells which file it was


def _mapped(kept: Path | None) -> np.ndarray | None:
    if kept is None:
        return None
    with suppress(OSError, ValueError):
        # Copy on write: torch takes writable arrays only, and the file stays as it is.
        return np.load(kept, mmap_mode="c")
    return None


def _keep(decoded: np.ndarray, cache: Path, kept: Path) -> None:
    """Write to the cache; one that cannot be written costs time the next time, nothing else."""
    with suppress(OSError, Problem):
        with replacing(kept) as file:
            np.save(file, decoded)
        for outdated in cache.glob(f"{kept.name.partition('-')[0]}-*.npy"):
            if outdated != kept:
                outdated.unlink()


def _place(folder: Path) -> str:
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def _fingerprint(files: Iterable[Path], size: int) -> str:
    digest = hashlib.sha256(f"decoding 1, size {size}".encode())
    for file in files:
        status = file.stat()
        digest.update(
            f"{file.parent.name}/{file.name} {status.st_size} {status.st_mtime_ns}\n".encode()
        )
    return digest.hexdigest()[:32]


def _decode(files: Sequence[Path], size: int) -> np.ndarray:
    pictures = np.empty((len(files), size, size, 3), np.uint8)

    def decode(start: int) -> None:
        for i in range(start, min(start + 64, len(files))):
            try:
                pictures[i] = input_picture(read_picture(files[i]), size)
            except Problem as problem:
                raise Problem(
                    "The picture {file} cannot be used: {reason} Or remove it from the folder.",
                    file=files[i],
                    reason=problem,
                ) from None

    # Decoding runs outside the interpreter lock, so threads share large pictures well (1600 × 1600:
    # twice as fast on 2 cores); small ones only queue for the lock (32 × 32: half as fast).
    sizes = [file.stat().st_size for file in files[::100] if file.exists()]
    workers = os.cpu_count() if sum(sizes) > LARGE * len(sizes) else 1
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(decode, range(0, len(files), 64)):
            pass
    return pictures

"""Data sets: pictures with labels, decoded once into one array."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnattn.data.pictures import as_seen, read_picture
from cnnattn.problem import Problem

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
LARGE = 20_000  # bytes of a picture file from which threads pay
CIFAR10_FOLDER = "cifar-10-batches-py"
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

    ``cache`` is a folder for decoded image folders. Raises Problem if it is neither.
    """
    if (path / CIFAR10_FOLDER).is_dir():
        return cifar10(path)
    if path.name == CIFAR10_FOLDER:
        return cifar10(path.parent)
    return image_folder(path, cache)


def cifar10(root: Path, download: bool = False) -> Dataset:
    """CIFAR-10 (Krizhevsky 2009) in ``root``/cifar-10-batches-py, checked against its checksums.

    With ``download`` it is fetched first (170 MB) unless it is there. Raises Problem if it is
    missing or damaged, or cannot be fetched.
    """
    from torchvision.datasets import CIFAR10  # takes seconds to import, and few need it

    try:
        parts = [CIFAR10(root, train, download=download) for train in (True, False)]
    except (OSError, RuntimeError) as error:
        if download:
            raise Problem(
                "CIFAR-10 could not be downloaded to {folder} ({reason}); check the network and "
                "the free space on the disk, and try again.",
                folder=root,
                reason=error,
            ) from None
        raise Problem(
            "CIFAR-10 is not in {folder}, or not complete; download it, or unpack "
            "cifar-10-python.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html there.",
            folder=root,
        ) from None
    train, test = (
        Split(np.ascontiguousarray(part.data), np.array(part.targets, np.int64)) for part in parts
    )
    return Dataset("CIFAR-10", tuple(parts[0].classes), train, test)


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
        found = {
            p.name: sorted((f for f in p.iterdir() if _is_picture(f)), key=lambda f: f.name)
            for p in classes
        }
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


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def _decoded(files: Sequence[Path], size: int, cache: Path | None, folder: Path) -> np.ndarray:
    """uint8 (files, size, size, 3), from the cache where it holds just these files."""
    if cache is None:
        return _decode(files, size)
    try:
        fingerprint = _fingerprint(files, size)
    except OSError:
        return _decode(files, size)  # tells which file it was
    place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    kept = cache / f"{place}-{fingerprint}.npy"
    with suppress(OSError, ValueError):
        # Copy on write: torch takes writable arrays only, and the file stays as it is.
        return np.load(kept, mmap_mode="c")
    pictures = _decode(files, size)
    # A cache that cannot be written costs time the next time, nothing else.
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        _write(pictures, kept)
        for outdated in cache.glob(f"{place}-*.npy"):
            if outdated != kept:
                outdated.unlink()
    return pictures


def _fingerprint(files: Iterable[Path], size: int) -> str:
    digest = hashlib.sha256(f"decoding 1, size {size}".encode())
    for file in files:
        status = file.stat()
        digest.update(
            f"{file.parent.name}/{file.name} {status.st_size} {status.st_mtime_ns}\n".encode()
        )
    return digest.hexdigest()[:32]


def _write(pictures: np.ndarray, target: Path) -> None:
    """Save so that ``target`` is there whole or not at all."""
    partial = target.with_suffix(f".{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            np.save(file, pictures)
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _decode(files: Sequence[Path], size: int) -> np.ndarray:
    pictures = np.empty((len(files), size, size, 3), np.uint8)

    def decode(start: int) -> None:
        for i in range(start, min(start + 64, len(files))):
            try:
                pictures[i] = as_seen(read_picture(files[i]), size)
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

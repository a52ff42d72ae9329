import hashlib
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import CIFAR10

from cnnattn.data import datasets
from cnnattn.data.datasets import (
    CIFAR10_CLASSES,
    Dataset,
    Split,
    by_class,
    cifar10,
    image_folder,
    open_dataset,
)
from cnnattn.problem import Problem

COLOURS = {"cherry": (200, 0, 0), "leaf": (0, 200, 0), "sea": (0, 0, 200)}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three classes of plain colours, 3 training and 2 test pictures each, of several kinds."""
    root = tmp_path / "fruit"
    for split, count in (("train", 3), ("test", 2)):
        for name, colour in COLOURS.items():
            (root / split / name).mkdir(parents=True)
            for i in range(count):
                shade = tuple(c + 10 * i for c in colour)
                suffix = (".png", ".webp", ".PNG")[i]
                size = ((32, 32), (80, 50), (7, 9))[i]
                Image.new("RGB", size, shade).save(
                    root / split / name / f"{i}{suffix}", lossless=True
                )
    return root


def problem(folder: Path, cache: Path | None = None) -> str:
    with pytest.raises(Problem) as caught:
        open_dataset(folder, cache)
    return str(caught.value)


def test_every_picture_is_where_its_name_says(folder):
    data = image_folder(folder)
    assert data.name == "fruit"
    assert data.classes == ("cherry", "leaf", "sea")
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert data.test.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert data.train.labels.dtype == np.int64
    for split, count in ((data.train, 3), (data.test, 2)):
        expected = [tuple(c + 10 * i for c in v) for v in COLOURS.values() for i in range(count)]
        assert split.pictures.dtype == np.uint8
        assert split.pictures.shape == (3 * count, 32, 32, 3)
        for picture, colour in zip(split.pictures, expected, strict=True):
            assert (picture == colour).all()


def test_it_goes_by_the_name_of_cifar_10_when_it_has_its_classes(tmp_path):
    for split in ("train", "test"):
        for name in CIFAR10_CLASSES:
            (tmp_path / split / name).mkdir(parents=True)
            Image.new("RGB", (32, 32)).save(tmp_path / split / name / "0.png")
    data = open_dataset(tmp_path)
    assert data.name == "CIFAR-10"
    assert data.classes == CIFAR10_CLASSES


def test_other_sizes(folder):
    assert image_folder(folder, size=8).test.pictures.shape == (6, 8, 8, 3)


def test_what_an_operating_system_leaves_behind_is_ignored(folder):
    (folder / "train" / ".DS_Store").write_bytes(b"x")
    (folder / "train" / ".hidden").mkdir()
    (folder / "train" / "leaf" / "Thumbs.db").write_bytes(b"x")
    (folder / "train" / "leaf" / "._0.png").write_bytes(b"x")
    assert len(image_folder(folder).train.labels) == 9


def test_threads_put_large_pictures_where_they_belong(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "LARGE", 0)
    for split in ("train", "test"):
        (tmp_path / split / "all").mkdir(parents=True)
        for i in range(200):
            Image.new("RGB", (32, 32), (i, 0, 0)).save(tmp_path / split / "all" / f"{i:03}.png")
    assert image_folder(tmp_path).train.pictures[:, 5, 5, 0].tolist() == list(range(200))


def test_by_class_gives_the_first_few():
    split = Split(np.zeros((6, 1, 1, 3), np.uint8), np.array([1, 0, 1, 1, 0, 1]))
    assert by_class(split, 1, 3).tolist() == [0, 2, 3]
    assert by_class(split, 0, 9).tolist() == [1, 4]


# --- The cache


def test_the_cache_gives_the_same_and_spares_decoding(folder, tmp_path, monkeypatch):
    cache = tmp_path / "cache" / "new"
    first = image_folder(folder, cache)
    monkeypatch.setattr(datasets, "_decode", None)
    second = image_folder(folder, cache)
    for a, b in ((first.train, second.train), (first.test, second.test)):
        np.testing.assert_array_equal(a.pictures, b.pictures)
        np.testing.assert_array_equal(a.labels, b.labels)
    assert isinstance(second.train.pictures, np.memmap)


def test_a_changed_picture_is_decoded_again_and_replaces_the_outdated_file(folder, tmp_path):
    cache = tmp_path / "cache"
    image_folder(folder, cache)
    (before,) = cache.iterdir()
    changed = folder / "train" / "leaf" / "0.png"
    Image.new("RGB", (32, 32), (1, 2, 3)).save(changed)
    os.utime(changed, (0, 0))
    assert (image_folder(folder, cache).train.pictures[3] == (1, 2, 3)).all()
    (after,) = cache.iterdir()
    assert after != before


def test_writing_to_what_came_from_the_cache_does_not_reach_it(folder, tmp_path):
    cache = tmp_path / "cache"
    image_folder(folder, cache)
    image_folder(folder, cache).train.pictures[:] = 7
    assert (image_folder(folder, cache).train.pictures[0] == COLOURS["cherry"]).all()


def test_two_data_sets_share_a_cache_folder(folder, tmp_path):
    cache = tmp_path / "cache"
    image_folder(folder, cache)
    folder.rename(tmp_path / "moved")
    image_folder(tmp_path / "moved", cache)
    assert len(list(cache.iterdir())) == 2


def test_a_spoilt_or_forbidden_cache_costs_time_only(folder, tmp_path):
    cache = tmp_path / "cache"
    expected = image_folder(folder, cache).train.pictures.copy()
    (kept,) = cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:200])
    np.testing.assert_array_equal(image_folder(folder, cache).train.pictures, expected)
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")
    np.testing.assert_array_equal(image_folder(folder, in_the_way).train.pictures, expected)


def test_a_full_disk_leaves_nothing_half_written(folder, tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert len(image_folder(folder, tmp_path / "cache").train.labels) == 9
    assert list((tmp_path / "cache").iterdir()) == []


# --- CIFAR-10 as it is distributed


@pytest.fixture
def tiny_cifar10(tmp_path, monkeypatch) -> Path:
    """CIFAR-10's own format with 4 pictures a file, and torchvision told of their checksums."""
    monkeypatch.setattr(datasets, "CIFAR10_TEST", 4)
    folder = tmp_path / "data" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)

    def write(name: str, content: dict) -> list[str]:
        data = pickle.dumps(content)
        (folder / name).write_bytes(data)
        return [name, hashlib.md5(data).hexdigest()]

    def batch(name: str) -> list[str]:
        # A row is a picture: 1024 red values, then green, then blue.
        rows = random.integers(0, 256, (4, 3072), dtype=np.uint8)
        return write(name, {"data": rows, "labels": random.integers(0, 10, 4).tolist()})

    monkeypatch.setattr(CIFAR10, "train_list", [batch(f"data_batch_{i}") for i in range(1, 6)])
    monkeypatch.setattr(CIFAR10, "test_list", [batch("test_batch")])
    name, md5 = write("batches.meta", {"label_names": list(CIFAR10_CLASSES)})
    monkeypatch.setattr(CIFAR10, "meta", {"filename": name, "key": "label_names", "md5": md5})
    return folder.parent


def assert_like_the_files(data: Dataset, root: Path) -> None:
    def batch(name: str) -> dict:
        return pickle.loads((root / "cifar-10-batches-py" / name).read_bytes())

    batches = [batch(f"data_batch_{i}") for i in range(1, 6)]
    for split, parts in ((data.train, batches), (data.test, [batch("test_batch")])):
        assert split.labels.tolist() == [label for part in parts for label in part["labels"]]
        rows = np.concatenate([part["data"] for part in parts])
        for picture, row in zip(split.pictures, rows, strict=True):
            assert picture[2, 5].tolist() == [row[1024 * c + 32 * 2 + 5] for c in range(3)]


def test_cifar_10_is_read_once_and_then_mapped_into_memory(tiny_cifar10, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    assert_like_the_files(cifar10(tiny_cifar10), tiny_cifar10)
    assert_like_the_files(open_dataset(tiny_cifar10, cache), tiny_cifar10)
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr(datasets, "_read_cifar10", None)
    again = open_dataset(tiny_cifar10 / "cifar-10-batches-py", cache)
    assert_like_the_files(again, tiny_cifar10)
    assert isinstance(again.train.pictures.base, np.memmap)
    assert again.classes == CIFAR10_CLASSES


def test_cifar_10_that_was_damaged_after_it_was_cached_is_noticed(tiny_cifar10, tmp_path):
    open_dataset(tiny_cifar10, tmp_path / "cache")
    (tiny_cifar10 / "cifar-10-batches-py" / "data_batch_3").write_bytes(b"half of it")
    assert "not complete" in problem(tiny_cifar10, tmp_path / "cache")


# --- Bad input


def test_no_such_folder(tmp_path):
    sentence = problem(tmp_path / "nowhere")
    assert "There is no folder train in" in sentence
    assert "cifar-10-batches-py" in sentence
    assert "train/<class>/" in sentence


def test_no_test_folder(folder):
    (folder / "test").rename(folder / "validation")
    assert "There is no folder test in" in problem(folder)


def test_no_classes(folder):
    (folder / "train").rename(folder / "elsewhere")
    (folder / "train").mkdir()
    assert "holds no classes" in problem(folder)


@pytest.mark.parametrize(("missing", "there"), [("test", "train"), ("train", "test")])
def test_a_class_that_is_missing_on_one_side_is_named(folder, missing, there):
    (folder / missing / "leaf").rename(folder / "leaf")
    assert f"“leaf” has no folder in {folder / missing}" in problem(folder)


def test_an_empty_class_is_named(folder):
    for file in (folder / "test" / "sea").iterdir():
        file.unlink()
    assert f"{folder / 'test' / 'sea'} holds no pictures" in problem(folder)


@pytest.mark.parametrize("cached", [False, True])
def test_a_picture_that_cannot_be_read_is_named_with_its_reason(folder, tmp_path, cached):
    (folder / "train" / "sea" / "9.jpg").write_bytes(b"")
    sentence = problem(folder, tmp_path / "cache" if cached else None)
    assert str(folder / "train" / "sea" / "9.jpg") in sentence
    assert "empty (0 bytes)" in sentence


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_to_nothing_is_named(folder, tmp_path):
    (folder / "train" / "sea" / "9.jpg").symlink_to(tmp_path / "gone.jpg")
    assert "9.jpg cannot be used" in problem(folder, tmp_path / "cache")


def test_cifar_10_that_is_not_there(tmp_path):
    with pytest.raises(Problem, match=r"CIFAR-10 is not in .* download it, or unpack"):
        cifar10(tmp_path)


def test_cifar_10_that_is_not_complete(tmp_path):
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"half of it")
    assert "not complete" in problem(tmp_path)
    assert "not complete" in problem(tmp_path / "cifar-10-batches-py")


def test_a_torchvision_that_does_not_start_is_told(tiny_cifar10, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)  # as if it were not installed
    with pytest.raises(Problem, match="torchvision is missing, or of another build than torch"):
        cifar10(tiny_cifar10)


@pytest.mark.parametrize("limit", ["MOST_PICTURES", "MOST_CLASSES"])
def test_a_folder_that_would_fill_the_memory_is_one_sentence(tmp_path, monkeypatch, limit):
    for split in ("train", "test"):
        for name in ("a", "b", "c"):
            (tmp_path / split / name).mkdir(parents=True)
            Image.new("RGB", (4, 4)).save(tmp_path / split / name / "1.png")
    monkeypatch.setattr(datasets, limit, 3)
    assert len(image_folder(tmp_path).train.labels) == 3
    monkeypatch.setattr(datasets, limit, 2)
    with pytest.raises(Problem, match="would take too much memory"):
        image_folder(tmp_path)

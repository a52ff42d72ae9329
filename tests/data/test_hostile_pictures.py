"""Picture files that were made to hurt take less than 300 MB, or are refused before decoding."""

import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cnnattn.data.pictures import read_picture
from cnnattn.problem import Problem
from tests.peak import peaks


def written(kind: str, mode: str, size: tuple[int, int], **options) -> bytes:
    buffer = BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    whole = kind + data
    return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))


def with_chunks(chunks: bytes) -> bytes:
    png = written("PNG", "RGB", (8, 8))
    return png[:33] + chunks + png[33:]


def strips(count: int) -> bytes:
    """A TIFF that lists as many strips, two million of which become 800 MB of objects."""
    entries = [(256, 4, 1, 1), (257, 4, 1, 40_000), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
               (273, 4, count, 1000), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, 1, 1)]  # fmt: skip
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + table
    return head.ljust(1000, b"\0") + struct.pack("<I", 900) * count


def scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again, each over all its pixels."""
    jpeg = written("JPEG", "RGB", (3000, 3000), progressive=True)
    last = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + last * count + b"\xff\xd9"


SIDE = 6324  # its square is just below 40 million
TAKEN = {
    "grey16.png": lambda: written("PNG", "I;16", (SIDE, SIDE)),
    "alpha.png": lambda: written("PNG", "RGBA", (SIDE, SIDE)),
    "palette.gif": lambda: written("GIF", "P", (SIDE, SIDE)),
    "grey16.tif": lambda: written("TIFF", "I;16", (SIDE, SIDE), compression="tiff_lzw"),
    "photo.jpg": lambda: written("JPEG", "RGB", (SIDE, SIDE)),
    "lossless.webp": lambda: written("WEBP", "RGB", (3460, 3460), lossless=True),
    "numbers.tif": lambda: written("TIFF", "F", (3460, 3460), compression="tiff_adobe_deflate"),
}
REFUSED = {
    "thin.png": lambda: written("PNG", "L", (1, 39_999_999)),
    "wide.png": lambda: written("PNG", "L", (39_999_999, 1)),
    "large.webp": lambda: written("WEBP", "RGB", (SIDE, SIDE), lossless=True),
    "large.tif": lambda: written("TIFF", "F", (SIDE, SIDE), compression="tiff_adobe_deflate"),
    "strips.tif": lambda: strips(2_400_000),
    "scans.jpg": lambda: scans(100),
    "chunks.png": lambda: with_chunks(chunk(b"tEXt", b"a\0b") * 600_000),
    "markers.jpg": lambda: b"\xff\xd8" + b"\xff\xfe\0\4aa" * 1_600_000,
    "comments.gif": lambda: written("GIF", "P", (8, 8))[:13] + b"!\xfe\1a\0" * 1_900_000,
}


def test_no_file_takes_300_mb(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    for name, make in (TAKEN | REFUSED).items():
        (tmp_path / name).write_bytes(make())
    names = [*TAKEN, *REFUSED]
    (tmp_path / "good.png").write_bytes(written("PNG", "RGB", (8, 8)))
    files = [tmp_path / name for name in ("good.png", *names)]
    for name, (memory, said) in zip(
        names, peaks("cnnattn.data.pictures:read_picture", files), strict=True
    ):
        assert memory < 300, name
        assert said.startswith("read" if name in TAKEN else "Problem: "), (name, said)


def test_no_more_than_two_large_pictures_are_decoded_at_once(monkeypatch):
    now, most, lock = 0, 0, threading.Lock()

    def counted(image):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return np.zeros((1, 1, 3), np.uint8)

    monkeypatch.setattr("cnnattn.data.pictures._decode", counted)
    large = written("PNG", "L", (1100, 1000))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read_picture, [large] * 8))
    assert most == 2


def test_a_reduced_picture_is_the_mean_of_what_it_covers():
    # Stripes of 2 pixels in a picture that is kept at a quarter: all of one grey.
    striped = np.zeros((4096, 4096, 3), np.uint8)
    striped[:, ::2] = 200
    buffer = BytesIO()
    Image.fromarray(striped).save(buffer, "PNG")
    read = read_picture(buffer.getvalue())
    assert read.shape == (1024, 1024, 3)
    assert np.abs(read.astype(int) - 100).max() <= 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "I;16", "I", "F"])
@pytest.mark.parametrize("size", [(4500, 2600), (2601, 4503), (4097, 3)])
def test_bands_leave_no_seam(mode, size):
    # A slope from black to white, left to right: every row is like every other.
    slope = np.tile(np.linspace(0, 255, size[0]).astype(np.uint8), (size[1], 1))
    image = Image.fromarray(slope)
    if mode == "I;16":
        image = Image.fromarray(slope.astype(np.uint16) * 257)
    elif mode != "L":
        image = image.convert(mode)
    buffer = BytesIO()
    image.save(buffer, "TIFF", compression="tiff_adobe_deflate")
    read = read_picture(buffer.getvalue()).astype(int)
    across = np.linspace(0, 255, read.shape[1])
    assert np.abs(read - read[:1]).max() <= 1
    assert np.abs(read[0, :, 0] - across).max() <= 3


def test_the_limit_of_a_kind_is_told():
    heavy = written("TIFF", "F", (4000, 4000), compression="tiff_adobe_deflate")
    with pytest.raises(Problem, match="more than 12 million of this kind"):
        read_picture(heavy)
    with pytest.raises(Problem, match=r"more than 2\.\d+ million of this kind"):
        read_picture(scans(100))

"""What a picture's file may ask for: limits that hold before anything of it is decoded.

A few bytes can claim millions of pixels, and a small file can consist of a million parts.
"""

import struct
from io import BytesIO

from PIL import Image

from cnnattn.problem import Problem

MAX_PIXELS = 40_000_000  # of a picture as stored; a phone's camera stays below
MAX_HEAVY = 12_000_000  # of one in a format that takes more memory
MAX_SCANNED = 300_000_000  # pixels times scans, of a JPEG
MAX_LENGTH = 50_000  # pixels of a side as stored: each row costs memory of its own
MAX_READS = 20_000  # parts of a file
BYTES = (1, 2, 7)  # the types of a note that stay bytes


def check_size(image: Image.Image, data: bytes) -> None:
    """Refuse what would take over 200 MB or about a second to decode."""
    most = MAX_PIXELS
    if image.format in ("WEBP", "AVIF") or image.mode in ("I", "F"):
        most = MAX_HEAVY  # their decoders keep several copies; numbers take four bytes each
    elif image.format in ("JPEG", "MPO"):
        # A progressive one is gone through once a scan, and a few bytes are enough for a scan.
        most = min(most, MAX_SCANNED // max(1, data.count(b"\xff\xda")))
    if image.width * image.height > most:
        raise too_many_pixels(most)
    if max(image.size) > MAX_LENGTH:
        raise Problem(
            "The picture is {width} × {height} pixels large, and a side may have {limit} at most; "
            "cut it or scale it down.",
            width=image.width,
            height=image.height,
            limit=MAX_LENGTH,
        )


def too_many_pixels(most: int) -> Problem:
    return Problem(
        "The picture has too many pixels: more than {limit:g} million of this kind would take too "
        "much memory or time; scale it down before you use it.",
        limit=round(most / 1e6, 2),
    )


class PatientReader(BytesIO):
    """The bytes of a picture, for a reader that asks a limited number of times.

    A file may consist of a million little parts, each of which costs its reader some time.
    """

    asked = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked += 1
        if self.asked > MAX_READS:
            raise OSError("too many parts")
        return super().read(size)


def check_strips(data: bytes) -> None:
    """Refuse a TIFF whose directory lists more numbers than a picture has rows, with an OSError.

    Pillow makes a list of all strips of a picture as soon as it is opened, two million of which
    fit into a file.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or data[2:4] not in (b"*\0", b"\0*", b"+\0", b"\0+"):
        return
    # Offsets and counts take 8 bytes in a BigTIFF and 4, or 2 for the entries, elsewhere.
    first, number, entry = ("Q", "Q", "HHQQ") if b"+" in data[2:4] else ("L", "H", "HHLL")
    (place,) = struct.unpack_from(order + first, data, 8 if first == "Q" else 4)
    (count,) = struct.unpack_from(order + number, data, place)
    place += struct.calcsize(order + number)
    for _ in range(count):
        _tag, kind, elements, _value = struct.unpack_from(order + entry, data, place)
        if kind not in BYTES and elements > MAX_LENGTH:
            raise OSError("more strips than rows")
        place += struct.calcsize(order + entry)

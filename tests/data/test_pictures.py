import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnattn.data.pictures import (
    CIFAR10_MEAN,
    CIFAR10_STD,
    MAX_BYTES,
    input_picture,
    read_picture,
    square,
    to_input,
)
from cnnattn.problem import Problem

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def random_picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )


# --- To the network


def test_a_network_sees_the_formula():
    picture = random_picture(32, 32)
    x = to_input(picture)
    assert x.shape == (1, 3, 32, 32)
    assert x.dtype == torch.float32
    for channel in range(3):
        expected = (picture[..., channel] / 255 - CIFAR10_MEAN[channel]) / CIFAR10_STD[channel]
        np.testing.assert_allclose(x[0, channel].numpy(), expected, atol=1e-6)


def test_other_statistics_and_sizes_by_keyword():
    grey = np.full((7, 7, 3), 51, np.uint8)
    x = to_input(grey, size=5, mean=(0.2, 0.1, 0.0), std=(1.0, 0.5, 0.1))
    assert x.shape == (1, 3, 5, 5)
    np.testing.assert_allclose(x[0, :, 2, 2], [0, 0.2, 2], atol=1e-6)


def test_a_picture_of_the_right_size_passes_unchanged_and_is_not_shared():
    picture = random_picture(32, 32)
    seen = input_picture(picture)
    np.testing.assert_array_equal(seen, picture)
    assert not np.shares_memory(seen, picture)


def test_scaling_down_weighs_every_pixel():
    # Fine stripes have no place in 32 pixels: antialiased they are grey, sampled they would not be.
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(input_picture(stripes).astype(int) - 128).max() <= 6


def test_a_wide_picture_is_seen_from_its_centre():
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = GREEN
    assert (input_picture(wide) == GREEN).all()


@given(st.integers(1, 40), st.integers(1, 40))
def test_square_keeps_the_centre_or_everything(height, width):
    picture = random_picture(height, width)
    cropped, framed = square(picture, "crop"), square(picture, "letterbox")
    least, most = sorted((height, width))
    assert cropped.shape == (least, least, 3)
    assert framed.shape == (most, most, 3)
    top, left = (height - least) // 2, (width - least) // 2
    np.testing.assert_array_equal(cropped, picture[top : top + least, left : left + least])
    top, left = (most - height) // 2, (most - width) // 2
    np.testing.assert_array_equal(framed[top : top + height, left : left + width], picture)


def test_the_bars_of_a_letterbox_mean_nothing_to_the_network():
    bars = to_input(square(np.zeros((2, 64, 3), np.uint8), "letterbox"))[:, :, :10]
    assert bars.abs().max() < 0.01


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((32, 32, 3), np.float32),
        np.zeros((32, 32), np.uint8),
        np.zeros((32, 32, 4), np.uint8),
        np.zeros((1, 32, 32, 3), np.uint8),
        np.zeros((0, 32, 3), np.uint8),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_what_is_no_picture_array_is_told_so(wrong):
    with pytest.raises(Problem, match=r"uint8.*\(height, width, 3\)"):
        to_input(wrong)


# --- From a file


def test_a_png_is_read_to_the_letter(tmp_path):
    picture = random_picture(20, 30)
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(picture)))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), picture)
    np.testing.assert_array_equal(read_picture((tmp_path / "a.png").read_bytes()), picture)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_set_upright(orientation, kind):
    # Quarters: red, green / blue, white. Stored as the camera would: turned back, with a note.
    upright = np.zeros((48, 64, 3), np.uint8)
    upright[:24, :32], upright[:24, 32:] = RED, GREEN
    upright[24:, :32], upright[24:, 32:] = BLUE, WHITE
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = Image.fromarray(upright)
    if orientation in undo:
        stored = stored.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = read_picture(encoded(stored, kind, exif=exif))
    assert read.shape == upright.shape
    corners = read[[0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
    assert np.abs(corners - [RED, GREEN, BLUE, WHITE]).max() < 16


def test_damaged_notes_of_the_camera_do_not_cost_the_picture():
    picture = random_picture(8, 8)
    data = encoded(Image.fromarray(picture), exif=b"Exif\0\0nonsense")
    np.testing.assert_array_equal(read_picture(data), picture)


def test_transparency_is_laid_on_white():
    image = Image.new("RGBA", (3, 1))
    image.putpixel((0, 0), (255, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 51))  # a fifth of black
    image.putpixel((2, 0), (0, 0, 255, 0))
    np.testing.assert_allclose(read_picture(encoded(image))[0], [RED, (204,) * 3, WHITE], atol=1)


def test_grey_with_transparency():
    image = Image.new("LA", (2, 1), (100, 255))
    image.putpixel((1, 0), (100, 0))
    assert read_picture(encoded(image)).tolist() == [[[100] * 3, [255] * 3]]


def test_a_palette_with_and_without_a_transparent_colour():
    image = Image.new("P", (2, 1), 0)
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    assert read_picture(encoded(image)).tolist() == [[[*RED], [*BLUE]]]
    assert read_picture(encoded(image, transparency=1)).tolist() == [[[*RED], [*WHITE]]]


def test_a_colour_that_stands_for_transparency():
    image = Image.new("RGB", (2, 1), RED)
    image.putpixel((1, 0), BLUE)
    assert read_picture(encoded(image, transparency=BLUE)).tolist() == [[[*RED], [*WHITE]]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bits_keep_their_high_half(kind):
    values = np.array([[0, 255, 256, 0x8000, 0xFFFF]], np.uint16)
    read = read_picture(encoded(Image.fromarray(values), kind))
    assert read[0].tolist() == [[v] * 3 for v in (0, 0, 1, 128, 255)]


def test_numbers_without_a_range_are_stretched():
    image = Image.fromarray(np.array([[-2.0, 0.0, 2.0]], np.float32))
    assert read_picture(encoded(image, "TIFF"))[0, :, 0].tolist() == [0, 127, 255]


def test_black_and_white_and_grey():
    assert read_picture(encoded(Image.new("1", (2, 2), 1))).tolist() == [[[*WHITE]] * 2] * 2
    assert read_picture(encoded(Image.new("L", (1, 1), 77))).tolist() == [[[77] * 3]]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind):
    # Cyan and yellow ink, no magenta, no black: green.
    read = read_picture(encoded(Image.new("CMYK", (8, 8), (255, 0, 255, 0)), kind))
    assert np.abs(read.astype(int) - GREEN).max() < 8


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)
    assert (read_picture(data) == RED).all()


def test_a_phone_photo_is_kept_at_1024_pixels():
    # 36 megapixels, its left half red: the size of a good phone's photo.
    photo = Image.new("RGB", (6928, 5196), GREEN)
    photo.paste(RED, (0, 0, 3464, 5196))
    read = read_picture(encoded(photo, "JPEG"))
    assert read.shape == (768, 1024, 3)
    assert np.abs(read[:, :500].astype(int) - RED).max() < 8
    assert np.abs(read[:, 524:].astype(int) - GREEN).max() < 8


def test_a_large_png_is_kept_at_1024_pixels():
    image = Image.new("RGBA", (500, 2048), (0, 0, 0, 0))
    image.paste((*BLUE, 255), (0, 1024, 500, 2048))
    read = read_picture(encoded(image))
    assert read.shape == (1024, 250, 3)
    assert (read[:508] == WHITE).all()
    assert (read[516:] == BLUE).all()


# --- Bad input


def problem(data: bytes) -> str:
    with pytest.raises(Problem) as caught:
        read_picture(data)
    return str(caught.value)


def test_an_empty_file():
    assert "empty (0 bytes)" in problem(b"")


def test_no_picture():
    assert "not a picture in a known format; use one of PNG, JPEG" in problem(b"hello, world" * 9)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">', "SVG"),
        (b"\n<svg>", "SVG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "MP4"),
    ],
)
def test_formats_people_take_for_pictures_are_named(start, kind):
    sentence = problem(start + bytes(200))
    assert f"of the kind {kind}," in sentence
    assert "export the picture as JPEG or PNG" in sentence


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_a_truncated_picture(kind, share):
    whole = encoded(Image.fromarray(random_picture(64, 64)), kind)
    assert "damaged or cut short" in problem(whole[: int(share * len(whole))])


@given(st.data())
def test_damage_anywhere_is_a_problem_or_a_picture(data):
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]))
    whole = bytearray(encoded(Image.fromarray(random_picture(16, 16)), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = read_picture(bytes(whole))
    except Problem:
        return
    assert read.dtype == np.uint8
    assert read.ndim == 3


@pytest.mark.parametrize("size", [(20_000, 20_000), (6_400, 6_400), (1, 40_000_001)])
def test_too_many_pixels_are_refused_before_decoding(size):
    # The body is empty, so decoding would have complained of damage.
    assert "more than 40 million" in problem(png_header(*size))


def test_a_claim_below_the_limit_is_decoded():
    assert "damaged" in problem(png_header(6_000, 6_000))


def test_a_file_that_is_too_large(tmp_path):
    assert "12.0 MB large and the limit is 10 MB" in problem(bytes(12_000_000))
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(Problem, match="the limit is 10 MB"):
        read_picture(tmp_path / "large.png")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Problem, match=r"nowhere\.png cannot be read \(No such file"):
        read_picture(tmp_path / "nowhere.png")

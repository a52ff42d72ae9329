"""Makes the built-in sample pictures: ``python -m cnnattn.data.make_samples [--font F] [--out D]``.

Each is a Noto emoji glyph on a procedural background, 128 × 128, with its object mask beside it:
``cat-1.png`` and ``cat-1.mask.png``. The same font and the same Pillow give the same bytes: the
noise comes from NumPy's frozen ``RandomState``, everything is resized in integers, and nothing
but pixels is written. Debian's fonts-noto-color-emoji 2.042 made the committed ones.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = 128
STRIKE = 109  # the only size at which the font holds its bitmaps
DEBIAN_FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Scene:
    """What one sample shows: a glyph somewhere on a background."""

    label: str
    glyph: str
    background: str
    side: int = 112  # longer side of the object, pixels of 128
    centre: tuple[int, int] = (64, 64)
    mirror: bool = False
    turn: int = 0  # degrees, anticlockwise
    cut: float = 1.0  # share of the glyph's height to keep from the top
    saturation: float = 1.0  # 0 for grey, 1 for the glyph's own colours
    brightness: float = 1.0


SCENES = (
    Scene("airplane", "🛩", "sky", 116),
    Scene("airplane", "✈", "blue", 116),
    Scene("airplane", "🛫", "sky", 118, cut=0.62),
    Scene("airplane", "🛬", "dusk", 118, mirror=True, cut=0.66),
    Scene("automobile", "🚗", "road", 114, (64, 70)),
    Scene("automobile", "🚙", "snow", 112, (64, 68)),
    Scene("automobile", "🚕", "road", 114, (64, 64), mirror=True),
    Scene("automobile", "🚘", "road", 104, (64, 68)),
    Scene("automobile", "🏎", "sand", 120, (64, 72)),
    Scene("bird", "🦅", "blue", 114),
    Scene("bird", "🐦", "leaves", 92),
    Scene("bird", "🐧", "sand", 116),
    Scene("bird", "🦆", "meadow", 106),
    Scene("bird", "🦢", "sea", 108, (64, 66)),
    Scene("bird", "🦉", "leaves", 114),
    Scene("cat", "🐱", "snow", 106, saturation=0.5, brightness=0.55),
    Scene("cat", "🐈", "room", 100, saturation=0.3, brightness=0.5),
    Scene("cat", "🐱", "room", 112),
    Scene("cat", "🐈", "grass", 110, mirror=True),
    Scene("deer", "🦌", "leaves", 118),
    Scene("deer", "🦌", "meadow", 114, mirror=True),
    Scene("deer", "🫎", "grass", 108),
    Scene("deer", "🦌", "snow", 108, (60, 64), turn=6),
    Scene("dog", "🐕", "grass", 114),
    Scene("dog", "🐶", "room", 114),
    Scene("dog", "🐩", "leaves", 112),
    Scene("dog", "🦮", "meadow", 114),
    Scene("frog", "🐸", "snow", 92),
    Scene("frog", "🐸", "grass", 84, (64, 68)),
    Scene("frog", "🐸", "pond", 100, (62, 68), mirror=True, turn=12),
    Scene("horse", "🐎", "meadow", 108, saturation=0.7),
    Scene("horse", "🐴", "meadow", 100, brightness=0.6),
    Scene("horse", "🎠", "meadow", 116, saturation=0.6),
    Scene("horse", "🏇", "grass", 116, mirror=True),
    Scene("ship", "🚢", "sea", 112),
    Scene("ship", "⛵", "sea", 112),
    Scene("ship", "🚤", "sea", 114, (64, 68)),
    Scene("ship", "🛥", "sea", 114, mirror=True),
    Scene("ship", "⛴", "sea", 110),
    Scene("truck", "🚚", "road", 114),
    Scene("truck", "🚛", "road", 116, mirror=True),
    Scene("truck", "🛻", "sand", 114, (64, 68)),
    Scene("truck", "🚒", "road", 116),
)


def noise(
    random: np.random.RandomState, cells: tuple[int, int], colour: bool = False
) -> np.ndarray:
    """Soft noise in -1 … 1, (128, 128, 1 or 3): a random grid of ``cells`` (rows, columns)."""
    grid = random.randint(0, 256, (3 if colour else 1, *cells)).astype(np.uint8)
    layers = [Image.fromarray(g).resize((SIZE, SIZE), Image.Resampling.BICUBIC) for g in grid]
    return np.stack([np.asarray(layer) for layer in layers], axis=2) / 127.5 - 1


def gradient(*stops: tuple[float, Colour]) -> np.ndarray:
    """Colours from top to bottom, (128, 1, 3), linear between stops at heights 0 … 1."""
    heights = np.arange(SIZE) / (SIZE - 1)
    at, colours = zip(*stops, strict=True)
    return np.stack([np.interp(heights, at, c) for c in zip(*colours, strict=True)], 1)[:, None]


def plain(top: Colour, bottom: Colour, soft: float, fine: float) -> Callable:
    """A gradient with large soft blotches and fine grain, as strong as given in grey levels."""
    return lambda random: (
        gradient((0, top), (1, bottom))
        + soft * noise(random, (5, 4))
        + fine * noise(random, (64, 64))
    )


def ground(
    far: tuple[Colour, Colour],
    near: tuple[Colour, Colour],
    horizon: float,
    grain: tuple[int, int],
    strength: float,
) -> Callable:
    """A far gradient above the horizon and a near one below it, with grain of so many cells."""
    colours = gradient((0, far[0]), (horizon, far[1]), (horizon + 0.015, near[0]), (1, near[1]))
    below = np.clip((np.arange(SIZE) / (SIZE - 1) - horizon) * 4, 0, 1)[:, None, None]
    return lambda random: (
        colours
        + 7 * noise(random, (4, 4)) * (1 - below)
        + strength * below * (noise(random, grain) + 0.5 * noise(random, (6, 4)))
    )


BACKGROUNDS: dict[str, Callable[[np.random.RandomState], np.ndarray]] = {
    "sky": plain((118, 166, 214), (206, 224, 240), 14, 1),
    "blue": plain((62, 118, 190), (128, 178, 226), 6, 1),
    "dusk": plain((120, 140, 180), (236, 204, 176), 10, 1),
    "grass": plain((84, 128, 58), (104, 146, 66), 14, 22),
    "leaves": plain((52, 78, 40), (84, 104, 52), 24, 12),
    "room": plain((178, 164, 150), (140, 118, 100), 8, 2),
    "snow": plain((222, 226, 232), (240, 242, 246), 8, 3),
    "pond": ground(((72, 96, 62), (88, 108, 70)), ((84, 104, 84), (58, 80, 72)), 0.2, (24, 4), 12),
    "meadow": ground(
        ((168, 196, 220), (206, 218, 220)), ((112, 146, 74), (92, 128, 54)), 0.34, (64, 64), 16
    ),
    "sea": ground(
        ((142, 180, 216), (204, 220, 232)), ((66, 112, 146), (44, 88, 124)), 0.52, (40, 6), 14
    ),
    "road": ground(
        ((176, 196, 212), (206, 210, 208)), ((136, 134, 132), (108, 106, 106)), 0.5, (64, 64), 6
    ),
    "sand": ground(
        ((170, 198, 220), (214, 220, 218)), ((214, 194, 156), (196, 172, 130)), 0.42, (64, 64), 10
    ),
}
SHADOWS = {"grass", "meadow", "road", "sand", "room", "snow"}


def draw(scene: Scene, font: ImageFont.FreeTypeFont) -> Image.Image:
    """The glyph alone, placed on a transparent RGBA picture of 128 × 128."""
    glyph = Image.new("RGBA", (160, 160))
    ImageDraw.Draw(glyph).text((12, 12), scene.glyph, font=font, embedded_color=True)
    left, top, right, bottom = glyph.getbbox() or (0, 0, 160, 160)
    glyph = glyph.crop((left, top, right, top + round((bottom - top) * scene.cut)))
    glyph = coat(glyph, scene)
    # In premultiplied colours transparent pixels weigh nothing, so edges get no dark fringe.
    glyph = glyph.convert("RGBa")
    if scene.mirror:
        glyph = glyph.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if scene.turn:
        glyph = glyph.rotate(scene.turn, Image.Resampling.BICUBIC, expand=True)
    glyph = glyph.crop(glyph.getbbox())
    scale = scene.side / max(glyph.size)
    width, height = (round(n * scale) for n in glyph.size)
    glyph = glyph.resize((width, height), Image.Resampling.LANCZOS)
    placed = Image.new("RGBa", (SIZE, SIZE))
    placed.paste(glyph, (scene.centre[0] - width // 2, scene.centre[1] - height // 2))
    return placed.convert("RGBA")


def coat(glyph: Image.Image, scene: Scene) -> Image.Image:
    """The glyph in the scene's saturation and brightness: the font knows ginger cats only."""
    alpha = glyph.getchannel("A")
    glyph = Image.blend(glyph.convert("LA").convert("RGBA"), glyph, scene.saturation)
    glyph = glyph.point([round(v * scene.brightness) for v in range(256)] * 4)
    glyph.putalpha(alpha)
    return glyph


def shadow(alpha: Image.Image) -> np.ndarray:
    """How dark the ground is under an object: a soft flat blot, (128, 128, 1) in 0 … 1."""
    left, top, right, bottom = alpha.getbbox() or (0, 0, SIZE, SIZE)
    blot = alpha.crop((left, (top + bottom) // 2, right, bottom)).resize((right - left, 12))
    flat = Image.new("L", alpha.size)
    flat.paste(blot, (left, bottom - 8))
    return np.asarray(flat.filter(ImageFilter.GaussianBlur(3)))[:, :, None] / 255


def compose(
    scene: Scene, seed: int, font: ImageFont.FreeTypeFont
) -> tuple[Image.Image, Image.Image]:
    """The picture (RGB) and its mask (1 bit: pixels that the object covers by half or more)."""
    object_ = draw(scene, font)
    alpha = object_.getchannel("A")
    background = BACKGROUNDS[scene.background](np.random.RandomState(seed))
    if scene.background in SHADOWS:
        background = background * (1 - 0.45 * shadow(alpha))
    picture = Image.fromarray(np.clip(np.rint(background), 0, 255).astype(np.uint8))
    picture.paste(object_, mask=alpha)
    return picture, Image.fromarray(np.asarray(alpha) >= 128)


def compose_all(font_file: Path) -> Iterator[tuple[str, Image.Image, Image.Image]]:
    """(name, picture, mask) of every scene in turn, the names ``cat-1``, ``cat-2`` …"""
    # Basic layout: what a complex-text library on one machine would join, another would not.
    font = ImageFont.truetype(font_file, STRIKE, layout_engine=ImageFont.Layout.BASIC)
    count: Counter[str] = Counter()
    for scene in SCENES:
        count[scene.label] += 1
        name = f"{scene.label}-{count[scene.label]}"
        yield name, *compose(scene, crc32(name.encode()), font)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the built-in sample pictures.")
    parser.add_argument("--font", type=Path, default=DEBIAN_FONT, help="NotoColorEmoji.ttf")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "samples")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, picture, mask in compose_all(arguments.font):
        picture.save(arguments.out / f"{name}.png", compress_level=9)
        mask.save(arguments.out / f"{name}.mask.png", compress_level=9)


if __name__ == "__main__":
    main()

"""Many small pictures with models' answers under them, each a link: one element of the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from cnnattn.figures.kit.panels import SIGNS, repeated
from cnnattn.figures.kit.png import png_uri

_STYLE = """<style>
.gallery {display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 12px}
.gallery a {color: inherit; text-decoration: none; border-radius: 6px}
.gallery a:hover img, .gallery a:focus-visible img {outline: 3px solid #0b6e99}
.gallery img {width: 96px; height: 96px; image-rendering: pixelated; border-radius: 6px;
  display: block; margin-bottom: 4px}
.legend {font-size: 14px; margin: 0 0 10px}
.gallery figure {margin: 0; font-size: 14px; line-height: 1.35}
</style>"""


@dataclass(frozen=True)
class Shown:
    """A picture, uint8 (H, W, 3), its title, what each model says, and where a click leads."""

    picture: np.ndarray
    title: str
    answers: Sequence[str]
    link: str | None = None


def gallery(pictures: Sequence[Shown], titles: Sequence[str], colours: Sequence[str]) -> None:
    """Draw the pictures in as many columns as there is room for.

    ``titles`` and ``colours`` are those of the models, whose signs stand before their answers.
    """
    signs = [
        f'<span style="color:{colour}">{SIGNS[n % len(SIGNS)]}</span>'
        for colour, n in zip(colours, repeated(colours), strict=True)
    ]
    legend = " &emsp; ".join(
        f"{sign} {escape(title)}" for sign, title in zip(signs, titles, strict=True)
    )
    figures = "".join(_figure(shown, signs) for shown in pictures)
    st.html(f'{_STYLE}<p class="legend">{legend}</p><div class="gallery">{figures}</div>')


def _figure(shown: Shown, signs: Sequence[str]) -> str:
    said = zip(signs, shown.answers, strict=True)
    lines = [escape(shown.title), *(f"{sign} {escape(answer)}" for sign, answer in said)]
    words = escape(" ".join([shown.title, *shown.answers]))
    image = f'<img src="{png_uri(shown.picture)}" alt="{words}">'
    if shown.link:
        image = f'<a href="{escape(shown.link)}" target="_self">{image}</a>'
    return f"<figure>{image}{'<br>'.join(lines)}</figure>"

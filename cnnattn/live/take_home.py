"""The page Live as one HTML file: engine, networks, pictures and words, nothing to fetch."""

import base64
import gettext
import json
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cnnattn.live.content import LiveModel, LivePicture, pack
from cnnattn.live.script import page_script, page_style
from cnnattn.live.words import Translate, file_words, model_title, page_words

LANGUAGES = {"en": "English", "zh": "中文"}
LOCALE = Path(__file__).parents[1] / "web" / "locale"

PAGE = Path(__file__).with_name("take_home.html")


def take_home(
    models: Sequence[LiveModel],
    pictures: Sequence[tuple[LivePicture, str]],
    colours: Sequence[str],
    veil: Sequence[tuple[float, float, float, float]],
) -> str:
    """The HTML of the page with these networks, in half precision, and these pictures.

    With each picture goes its title, a class or a file's name; the first picture is shown first.
    Raises Problem for a network that cannot run in the browser.
    """
    content = pack(models, [picture for picture, _title in pictures], colours, veil, half=True)
    settings = {
        language: {
            "name": name,
            **_settings(models, pictures, _catalogue(language)),
        }
        for language, name in LANGUAGES.items()
    }
    values = {
        "@@STYLE@@": page_style(),
        "@@CONTENT@@": base64.b64encode(content).decode(),
        "@@SETTINGS@@": json.dumps(settings).replace("<", "\\u003c"),  # may not end the script
        "@@SCRIPT@@": page_script(),
    }
    return re.sub("@@[A-Z]+@@", lambda place: values[place[0]], PAGE.read_text("utf-8"))


def _settings(
    models: Sequence[LiveModel],
    pictures: Sequence[tuple[LivePicture, str]],
    catalogue: gettext.NullTranslations,
) -> dict[str, Any]:
    _ = catalogue.gettext
    class_name = partial(catalogue.pgettext, "class")
    specs = {model.name: model.checkpoint.spec for model in models}
    return {
        "around": file_words(_),
        "words": page_words(_),
        "titles": {name: _title(name, s.arch, s.attention, _) for name, s in specs.items()},
        "classes": {n: [class_name(c) for c in spec.classes] for n, spec in specs.items()},
        "pictures": {picture.name: class_name(title) for picture, title in pictures},
    }


def _title(name: str, arch: str, attention: str, _: Translate) -> str:
    words = model_title(arch, attention, _)
    return words if name == f"{arch}-{attention}" else f"{words} ({name})"


def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("cnnattn", LOCALE, [language], fallback=language == "en")

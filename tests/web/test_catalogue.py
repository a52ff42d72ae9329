"""No visible string without its Chinese."""

import ast
import re
import string
from io import BytesIO

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from cnnattn.web.catalogue import CATALOGUE, ROOT, messages, translations


def places(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_every_message_has_its_chinese_and_none_is_left_over():
    assert sorted(messages()) == sorted(translations())


def test_translations_fill_the_same_places():
    for message, text in translations().items():
        assert places(text) == places(message), message


def test_han_and_latin_letters_stand_apart():
    touching = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9%][\u4e00-\u9fff]")
    for text in translations().values():
        assert not touching.search(text), text


def test_the_compiled_catalogue_is_that_of_the_text():
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh")
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize(
    "file",
    [
        ROOT / "app.py",
        *sorted((ROOT / "pages").glob("*.py")),
        *sorted((ROOT / "cnnattn/web").rglob("*.py")),
    ],
    ids=lambda f: str(f.relative_to(ROOT)),
)
def test_no_words_are_shown_without_the_catalogue(file):
    """First arguments of Streamlit's calls are never bare words."""
    allowed = {"CNN Attention Lab", "lang"}
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "st" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                words = first.value.strip("*")
                assert words in allowed or words.endswith(".py"), f"{file.name}: {first.value!r}"

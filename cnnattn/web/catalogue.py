"""Keep the Chinese catalogue in step with the source (for developers; needs Babel).

python -m cnnattn.web.catalogue               what has no Chinese yet, as JSON to fill in
python -m cnnattn.web.catalogue FILE.json     take up translations: {"English": "中文", …}
python -m cnnattn.web.catalogue --prune       forget messages that the source no longer has

A message with a context, such as the name of a class, is written as gettext writes it:
"class\\u0004cat".
"""

import json
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from filelock import FileLock

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "cnnattn/web/locale/zh/LC_MESSAGES/cnnattn.po"
KEYWORDS = {"_": None, "message": None, "Problem": None, "pgettext": ((1, "c"), 2)}
MARK = "\4"  # between a context and its message
SOURCES = [("app.py", "python"), ("pages/**.py", "python"), ("cnnattn/**.py", "python")]


def messages() -> set[str]:
    """Every message that the source shows: of ``_``, ``message``, ``Problem``, ``pgettext``."""
    found = extract_from_dir(ROOT, SOURCES, keywords=KEYWORDS)
    return {_named(text, kind) for _file, _line, text, _comments, kind in found} - {""}


def translations() -> dict[str, str]:
    """English -> Chinese, as the catalogue has it."""
    with CATALOGUE.open("rb") as file:
        entries = [m for m in read_po(file, locale="zh") if m.id and m.string]
    return {_named(m.id, m.context): str(m.string) for m in entries}


def write(chinese: dict[str, str]) -> None:
    """Write the catalogue's text and its compiled form."""
    catalogue = Catalog("zh", project="CNN Attention Lab", charset="utf-8")
    with CATALOGUE.open("rb") as file:
        old = read_po(file, locale="zh")
    catalogue.mime_headers = old.mime_headers
    catalogue.header_comment = old.header_comment
    catalogue.fuzzy = False
    for message in sorted(chinese):
        context, _mark, text = message.rpartition(MARK)
        catalogue.add(text, chinese[message], context=context or None)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=100, omit_header=False)
    with CATALOGUE.open("rb") as file, CATALOGUE.with_suffix(".mo").open("wb") as compiled:
        write_mo(compiled, read_po(file, locale="zh"))


def _named(message: object, context: str | None) -> str:
    return f"{context}{MARK}{message}" if context else str(message)


def main() -> None:
    """Take up what was given, then name what is missing."""
    with FileLock(CATALOGUE.with_suffix(".lock")):
        chinese, shown = translations(), messages()
        for argument in sys.argv[1:]:
            if argument == "--prune":
                chinese = {id: text for id, text in chinese.items() if id in shown}
            else:
                chinese |= json.loads(Path(argument).read_text("utf-8"))
        if sys.argv[1:]:
            write(chinese)
        missing = dict.fromkeys(sorted(shown - chinese.keys()), "")
    print(json.dumps(missing, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()

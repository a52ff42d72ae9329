"""Keep the Chinese catalogue in step with the source (for developers; needs Babel).

python -m cnnattn.web.catalogue               what has no Chinese yet, as JSON to fill in
python -m cnnattn.web.catalogue FILE.json     take up translations: {"English": "中文", …}
python -m cnnattn.web.catalogue --prune       forget messages that the source no longer has
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
SOURCES = [("app.py", "python"), ("pages/**.py", "python"), ("cnnattn/**.py", "python")]


def messages() -> set[str]:
    """Every message that the source shows: first arguments of ``_`` and ``Problem``."""
    found = extract_from_dir(ROOT, SOURCES, keywords={"_": None, "Problem": None})
    return {message for _file, _line, message, *_rest in found if isinstance(message, str)} - {""}


def translations() -> dict[str, str]:
    """English -> Chinese, as the catalogue has it."""
    with CATALOGUE.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale="zh") if m.id and m.string}


def write(chinese: dict[str, str]) -> None:
    """Write the catalogue's text and its compiled form."""
    catalogue = Catalog("zh", project="CNN Attention Lab", charset="utf-8")
    with CATALOGUE.open("rb") as file:
        old = read_po(file, locale="zh")
    catalogue.mime_headers = old.mime_headers
    catalogue.header_comment = old.header_comment
    catalogue.fuzzy = False
    for message in sorted(chinese):
        catalogue.add(message, chinese[message])
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=100, omit_header=False)
    with CATALOGUE.open("rb") as file, CATALOGUE.with_suffix(".mo").open("wb") as compiled:
        write_mo(compiled, read_po(file, locale="zh"))


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

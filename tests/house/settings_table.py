"""The table of all settings in docs/settings.md, made from `server.settings`: the docs can't lie.

`make docs` runs this file, which writes it; `test_documents` compares.
"""

from server.settings import SETTINGS
from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "settings.md"
BEGIN, END = "<!-- settings: written by `make docs` -->\n", "<!-- end of settings -->\n"


def settings_table() -> str:
    """The table, from the line after `BEGIN` to the line before `END`."""
    rows = [
        "| setting | flag | environment | value | default | what it does |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for setting in SETTINGS.values():
        default = "none" if setting.default is None else f"`{setting.default}`"
        rows.append(
            f"| `{setting.name}` | `{setting.flag}` | `{setting.variable}` "
            f"| {setting.form} | {default} | {setting.help} |"
        )
    return "".join(f"{row}\n" for row in rows)


def with_table(page: str) -> str:
    """`page` with the table between the two markers renewed. Raises `ValueError` without them."""
    begin = page.index(BEGIN) + len(BEGIN)
    end = page.index(END)
    return page[:begin] + settings_table() + page[end:]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

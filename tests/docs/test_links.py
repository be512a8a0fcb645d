"""Links between files of the project lead somewhere, on a code host too.

The strict build of the site checks the pages among each other; README and CONTRIBUTING are
no pages of it, and links to notebooks and cards are changed by it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import markdown
import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.ipynb")]
)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
ELSEWHERE = ("http://", "https://", "mailto:")


def text_of(path: Path) -> str:
    """Markdown of a page, or of the text cells of a notebook."""
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def anchors(text: str) -> set[str]:
    """The names by which the headings of a page are linked to."""
    made = markdown.Markdown(extensions=["toc", "tables", "fenced_code"])
    return set(re.findall(r'<h\d id="([^"]+)"', made.convert(text)))


def broken(path: Path, text: str) -> Iterator[str]:
    """The links of a page that lead nowhere."""
    for target in LINK.findall(CODE.sub("", text)):
        if target.startswith(ELSEWHERE):
            continue
        name, _, anchor = target.partition("#")
        other = (path.parent / name).resolve()
        if (name and not other.exists()) or (
            anchor and anchor not in anchors(text_of(other) if name else text)
        ):
            yield target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path):
    assert list(broken(path, text_of(path))) == []


def test_a_broken_link_is_seen(tmp_path: Path):
    (tmp_path / "other.md").write_text("# Other\n\n## A part\n\n```\n# no heading\n```\n", "utf-8")
    links = ("other.md", "other.md#a-part", "gone.md", "other.md#gone", "#here", "#no-heading")
    text = "# Here\n\n" + " ".join(f"[x]({link})" for link in links) + " `[x](code.md)`"
    found = list(broken(tmp_path / "page.md", text))
    assert found == ["gone.md", "other.md#gone", "#no-heading"]


def test_the_readme_links_to_the_documentation():
    linked = LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len([target for target in linked if target.startswith("docs/")]) > 10

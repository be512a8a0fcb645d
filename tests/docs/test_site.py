"""The site: tutorials become pages, cards are put in, and a link that leads nowhere fails."""

import importlib.util
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

ROOT = Path(__file__).resolve().parent.parent.parent
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def site() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_site", ROOT / "scripts/docs_site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def built(folder: Path, index: str, **pages: str) -> Path:
    """Build a small documentation by the project's own configuration, strictly."""
    docs = folder / "project" / "docs"
    (docs / "tutorials").mkdir(parents=True)
    (docs / "index.md").write_text(f"# Home\n\n{index}\n", encoding="utf-8")
    (docs / "site.css").write_text("", encoding="utf-8")
    for name, text in pages.items():
        (docs / f"{name}.md").write_text(text, encoding="utf-8")
    config = load_config(
        str(ROOT / "mkdocs.yml"),
        docs_dir=str(docs),
        site_dir=str(folder / "site"),
        nav=[f"{path.stem}.md" for path in sorted(docs.glob("*.md"))],
    )
    build(config)
    return folder / "site"


def notebook(path: Path, *, alt: str | None) -> None:
    """A notebook that has printed one line and drawn one picture."""
    cell = nbformat.v4.new_code_cell("print(1)")
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="one line\n"),
        nbformat.v4.new_output("display_data", {"image/png": PIXEL}),
    ]
    if alt is not None:
        cell.metadata["alt"] = alt
    command = nbformat.v4.new_code_cell("%%bash\nemospot demo")
    cells = [nbformat.v4.new_markdown_cell("# Title"), cell, command]
    metadata = {"language_info": {"name": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)


def test_the_whole_documentation_builds_strictly(tmp_path: Path):
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path))
    build(config)
    page = (tmp_path / "tutorials" / "analyze" / "index.html").read_text(encoding="utf-8")
    assert "emospot analyze talk.ogg" in page
    assert "measured, not used" in page  # what it has printed
    assert 'alt="Above, the loudness' in page
    assert (tmp_path / "tutorials" / "analyze.ipynb").is_file()
    cards = (tmp_path / "model-cards" / "index.html").read_text(encoding="utf-8")
    for card in (ROOT / "src/emospot/models").glob("*/CARD.md"):
        title, *_ = card.read_text(encoding="utf-8").splitlines()
        assert f"{title[2:]}<a" in cards
    assert cards.count("Its confusions (true class by row)") == 2
    assert "CARD.md" not in cards
    # Nothing is loaded from elsewhere.
    assert "https://" not in "".join(line for line in page.splitlines() if "<script" in line)


@pytest.mark.parametrize(
    "link",
    ["[x](nowhere.md)", "[x](other.md#nowhere)", "[x](#nowhere)", "![x](no.svg)", "[x](/other)"],
)
def test_a_link_that_leads_nowhere_fails(link: str, tmp_path: Path):
    with pytest.raises(Abort):
        built(tmp_path, link, other="# Other\n")


def test_links_that_lead_somewhere_pass(tmp_path: Path):
    found = built(tmp_path, "[x](other.md#a-part) [y](#home)", other="# Other\n\n## A part\n")
    assert 'href="other/#a-part"' in (found / "index.html").read_text(encoding="utf-8")


def test_a_page_that_the_navigation_lacks_fails(tmp_path: Path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Home\n", encoding="utf-8")
    (docs / "site.css").write_text("", encoding="utf-8")
    (docs / "forgotten.md").write_text("# Forgotten\n", encoding="utf-8")
    config = load_config(
        str(ROOT / "mkdocs.yml"), docs_dir=str(docs), site_dir=str(tmp_path / "site"),
        nav=["index.md"],
    )  # fmt: skip
    with pytest.raises(Abort):
        build(config)


def test_a_notebook_becomes_a_page(tmp_path: Path):
    notebook(tmp_path / "one.ipynb", alt="A red point.")
    text, pictures = site().page_of(tmp_path / "one.ipynb")
    assert text.startswith("# Title")
    assert "```python\nprint(1)\n```" in text
    assert "```bash\nemospot demo\n```" in text
    assert "    one line" in text
    ((name, content),) = pictures.items()
    assert f"![A red point.]({name})" in text
    assert content.startswith(b"\x89PNG")


def test_a_picture_needs_an_alternative_text(tmp_path: Path):
    notebook(tmp_path / "one.ipynb", alt=None)
    with pytest.raises(ValueError, match="1 pictures, 0 cells"):
        site().page_of(tmp_path / "one.ipynb")


def test_links_to_notebooks_become_links_to_pages():
    linked = site().linked
    assert (
        linked("[a](tutorials/a.ipynb), [b](../b.ipynb#c)")
        == "[a](tutorials/a.md), [b](../b.md#c)"
    )
    assert linked("[a](a.md) a.ipynb `x.ipynb`") == "[a](a.md) a.ipynb `x.ipynb`"


def test_headings_of_a_card_are_lowered_but_not_its_code(tmp_path: Path):
    path = tmp_path / "CARD.md"
    path.write_text("# One\n\n```sh\n# a comment\n```\n\n## Two\n", encoding="utf-8")
    assert site().card(path) == "## One\n\n```sh\n# a comment\n```\n\n### Two"


def test_a_card_that_is_not_there_fails(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        site().card(tmp_path / "CARD.md")

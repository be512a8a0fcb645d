"""What mkdocs does besides when it builds the pages; `mkdocs.yml` names this file as a hook.

- A tutorial (`tutorials/NAME.ipynb`) becomes a page: its texts, its code, what was printed
  and drawn when it was last run. Pictures get the alternative text of their cell.
- Links to tutorials lead to these pages; in the sources they lead to the notebooks, so that
  they work on a code host too.
- A line that is a link to a model's card and nothing else is replaced by the card, so that
  no figure of a card is written down twice.
"""

import re
from pathlib import Path
from typing import Any

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbconvert import MarkdownExporter

TUTORIALS = "tutorials/"
CARD = re.compile(r"^\[[^\]]*\]\((\.\./src/emospot/models/[\w-]+/CARD\.md)\)$", re.MULTILINE)
NOTEBOOK_LINK = re.compile(r"(\]\([\w./-]*?)\.ipynb(#[\w-]+)?\)")
PICTURE = re.compile(r"!\[[^\]]*\]\(")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page and pictures for every tutorial; the notebook itself can be downloaded."""
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        text, pictures = page_of(Path(notebook.abs_src_path or ""))
        uri = notebook.src_uri.removesuffix(".ipynb")
        files.append(File.generated(config, f"{uri}.md", content=text))
        for name, content in pictures.items():
            files.append(File.generated(config, f"{TUTORIALS}{name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put cards in their places and let links to notebooks lead to their pages."""
    folder = Path(config.docs_dir)
    return linked(CARD.sub(lambda link: card(folder / link[1]), markdown))


def page_of(notebook: Path) -> tuple[str, dict[str, bytes]]:
    """A tutorial as Markdown.

    Args:
        notebook: the `.ipynb` file, with its outputs.

    Returns:
        The text, and name → content of its pictures.

    Raises:
        ValueError: if a picture has no alternative text.
    """
    made = nbformat.read(notebook, as_version=4)
    resources: dict[str, Any] = {"unique_key": notebook.stem, "output_files_dir": notebook.stem}
    text, resources = MarkdownExporter().from_notebook_node(made, resources)
    texts = [cell.metadata["alt"] for cell in made.cells if "alt" in cell.metadata]
    if len(texts) != len(resources["outputs"]):
        raise ValueError(
            f"{notebook}: {len(resources['outputs'])} pictures, {len(texts)} cells with the "
            'metadata "alt": each picture needs one; run scripts/tutorials.py if it was not run'
        )
    text = text.replace("```bash\n%%bash\n", "```bash\n")  # a command, as one types it
    told = iter(texts)
    text = PICTURE.sub(lambda _: f"![{next(told)}](", text)
    # The page lies one folder deeper than the notebook.
    link = f'<a href="../{notebook.name}" download>{notebook.name}</a>'
    return f"{text}\n*This page is a notebook that runs: {link}.*\n", resources["outputs"]


def linked(markdown: str) -> str:
    """The text with links to tutorials' pages instead of notebooks.

    >>> linked("[train](tutorials/train.ipynb#use-it)")
    '[train](tutorials/train.md#use-it)'
    """
    return NOTEBOOK_LINK.sub(r"\1.md\2)", markdown)


def card(path: Path) -> str:
    """A model's card, its headings one level lower.

    Raises:
        FileNotFoundError: if the link leads nowhere.
    """
    text = path.read_text(encoding="utf-8")
    blocks = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    lowered = [re.sub(r"^#", "##", part, flags=re.MULTILINE) for part in blocks[::2]]
    blocks[::2] = lowered
    return "".join(blocks).strip()

"""Run the tutorials and keep what they print and draw.

    python scripts/tutorials.py            # all of docs/tutorials
    python scripts/tutorials.py train      # one of them

Each notebook runs from its first cell to its last, in an empty folder and with the
`emospot` that belongs to this Python. What it prints and draws is written into the
notebook, so that a reader who opens the file sees it; numbers of cells, times and the
machine's name are left out, so that a second run changes no more than has changed.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from traitlets.config import Config

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "tutorials"
SECONDS_A_CELL = 1200
"""Until a cell that hangs is given up; on a busy machine a cell takes many times its usual."""


def run(notebook: Path, folder: Path) -> NotebookNode:
    """The notebook with what its cells give.

    Args:
        notebook: the `.ipynb` file; it is not changed.
        folder: where the cells run; what they write lies there.

    Raises:
        CellExecutionError: if a cell fails, or a command in it.
    """
    made = nbformat.read(notebook, as_version=4)
    # The command beside this Python is found first, and the user's folders are left alone.
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": beside, "IPYTHONDIR": str(folder / ".ipython")}
    # Sockets in a folder instead of ports that others could listen at; their paths must be short.
    with tempfile.TemporaryDirectory() as sockets:
        NotebookClient(
            made,
            timeout=SECONDS_A_CELL,
            startup_timeout=SECONDS_A_CELL,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            coalesce_streams=True,
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        ).execute(env=environment)
    return made


def printed(notebook: NotebookNode) -> str:
    """All that the cells have printed, one after the other."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs
    ]
    return "\n".join(texts)


def kept(notebook: NotebookNode) -> NotebookNode:
    """The notebook without what differs from run to run."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
            for output in cell.outputs:
                output.pop("execution_count", None)
                if "text" in output:
                    output.text = strip_ansi(output.text)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def main(names: list[str]) -> None:
    """Run and keep the tutorials of these names; without any, all."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        if names and path.stem not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            made = kept(run(path, Path(folder)))
        nbformat.write(made, path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])

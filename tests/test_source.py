"""What the source tree must not hold: rules that no tool of the workshop checks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCE = REPOSITORY / "src" / "emospot"
FILES = sorted(SOURCE.rglob("*.py"))
TEMPLATES = sorted(p for p in SOURCE.rglob("*") if p.suffix in {".j2", ".js", ".css", ".html"})
CORPORA = re.compile(
    r"(?<![a-z])(iemocap|meld|mosei|mosi|ravdess|reccon|dailydialog|emorynlp|crema-?d)(?![a-z])",
    re.IGNORECASE,
)
MAY_NAME_CORPORA = ("corpora/", "emotions.py", "experiments/")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
PICTURES = "docs/pictures/"
"""What the README shows."""
MAY_BE_LARGE = ("src/emospot/models/", "src/emospot/sample/", "docs/results/", PICTURES)
LARGEST_FILE = 100_000
LARGEST_PICTURES = 2_000_000


def place(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def nodes(path: Path) -> Iterator[ast.AST]:
    yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def imports(path: Path) -> set[str]:
    """The top-level modules that a file imports anywhere."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def prints(path: Path) -> list[int]:
    """The lines on which a file calls `print`."""
    return [
        node.lineno
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]


def named_corpora(text: str) -> list[str]:
    return [match.group(0) for match in CORPORA.finditer(text)]


def lines_of_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function below its signature and docstring."""
    body = function.body if ast.get_docstring(function) is None else function.body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_only_the_command_line_prints():
    assert FILES
    assert not {
        place(p): prints(p) for p in FILES if prints(p) and not place(p).startswith("cli/")
    }


def test_a_call_of_print_is_seen(tmp_path: Path):
    path = tmp_path / "loud.py"
    path.write_text("def f():\n    '''print('no')'''\n    print('yes')\n", encoding="utf-8")
    assert prints(path) == [3]


def test_nothing_is_unpickled_outside_the_corpora():
    # A foreign pickle is read in its corpus file, through an allow-list.
    reading = [place(path) for path in FILES if imports(path) & {"pickle", "dill", "joblib"}]
    assert not [name for name in reading if not name.startswith("corpora/")]


def test_every_module_is_named_after_its_concept():
    vague = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
    assert not [place(path) for path in FILES if path.name in vague]


def test_corpus_names_stay_in_their_rooms():
    found = {
        place(path): named_corpora(path.read_text(encoding="utf-8"))
        for path in (*FILES, *TEMPLATES)
        if not place(path).startswith(MAY_NAME_CORPORA)
    }
    assert not {name: names for name, names in found.items() if names}


def test_a_corpus_name_is_seen():
    assert named_corpora("trained on IEMOCAP, not on MELD7; welded, melding") == [
        "IEMOCAP",
        "MELD",
    ]


def test_files_and_functions_stay_short():
    long_files = [place(p) for p in FILES if len(p.read_text("utf-8").splitlines()) > LONGEST_FILE]
    long_functions = [
        f"{place(path)}:{node.lineno} {node.name}"
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and lines_of_body(node) > LONGEST_FUNCTION
    ]
    assert not long_files + long_functions


def test_large_files_stay_in_their_places():
    rooms = ("src", "tests", "docs", "scripts")
    large = [
        path.relative_to(REPOSITORY).as_posix()
        for room in rooms
        for path in (REPOSITORY / room).rglob("*")
        if path.is_file()
        and path.stat().st_size > LARGEST_FILE
        and "__pycache__" not in path.parts
    ]
    large += [
        path.name
        for path in REPOSITORY.iterdir()
        if path.is_file() and path.name[0] != "." and path.stat().st_size > LARGEST_FILE
    ]
    assert not [name for name in large if not name.startswith(MAY_BE_LARGE)]


def test_the_readmes_pictures_stay_small_together():
    sizes = [path.stat().st_size for path in (REPOSITORY / PICTURES).iterdir()]
    assert sizes
    assert sum(sizes) <= LARGEST_PICTURES

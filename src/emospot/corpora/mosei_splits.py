"""Which videos of CMU-MOSEI and CMU-MOSI train, choose and test.

The official splits are lists of videos in the CMU Multimodal SDK, in
`cmu_mosei_std_folds.py` and `cmu_mosi_std_folds.py` (2,249 / 300 / 678 and
52 / 10 / 31 videos). They are read from there, or from a JSON file
`{"train": [..], "valid": [..], "test": [..]}`, or from an MMSA pickle; they are
not part of this project. The Python file is read as text and not run.
"""

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from emospot.corpora.json_file import read_json
from emospot.corpora.safe_pickle import read_pickle
from emospot.errors import CorpusError

SPLITS = {"train": "train", "valid": "dev", "dev": "dev", "test": "test"}
"""Names of splits in the files and ours for them."""

ID_SEPARATOR = "$_$"
"""Between video and clip in the ids of an MMSA pickle."""

FOLDS = "*_std_folds.py"
JSON = "splits.json"
_NEEDED = ("train", "test")


def read_splits(path: Path) -> dict[str, str]:
    """Read which split each video is in.

    Args:
        path: the SDK's file of folds (.py), a JSON file, or an MMSA pickle.

    Returns:
        Video → "train", "dev" or "test".

    Raises:
        CorpusError: if the file is missing or not as described, or a video is
            in two splits.
    """
    suffix = path.suffix.lower()
    if suffix == ".py":
        lists = _from_python(path)
    elif suffix == ".json":
        lists = {
            name: [one.as_kind(str) for one in node.items("video")]
            for name in SPLITS
            if name in (root := read_json(path)).as_kind(dict)
            for node in (root.get(name),)
        }
    elif suffix in (".pkl", ".pickle"):
        lists = _from_pickle(path)
    else:
        raise CorpusError(
            f"{path} is no file of splits; expected {FOLDS}, a .json file or an MMSA pickle (.pkl)"
        )
    missing = [name for name in _NEEDED if not lists.get(name)]
    if missing:
        raise CorpusError(f"{path} names no videos for {' and '.join(missing)}")
    return _by_video(path, lists)


def splits_beside(folder: Path) -> Path | None:
    """The file of splits in a folder, None where there is none.

    Raises:
        CorpusError: if there are several.
    """
    found = sorted({*folder.rglob(FOLDS), *folder.rglob(JSON)})
    if len(found) > 1:
        raise CorpusError(
            f"{folder} holds several files of splits ({', '.join(one.name for one in found)}); "
            "keep the one of this corpus"
        )
    return found[0] if found else None


def _by_video(path: Path, lists: Mapping[str, Iterable[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, videos in lists.items():
        for video in videos:
            split = SPLITS[name]
            if found.setdefault(video, split) != split:
                raise CorpusError(
                    f'{path}: video "{video}" is in {found[video]} and in {split}; a video needs '
                    "one split"
                )
    return found


def _from_python(path: Path) -> dict[str, list[str]]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    except (SyntaxError, ValueError) as error:
        raise CorpusError(f"{path} is not Python: {error}; get the file again") from error
    lists: dict[str, list[str]] = {}
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            continue
        name = node.targets[0].id.removeprefix("standard_").removesuffix("_fold")
        if name in SPLITS:
            lists[name] = _videos(path, node)
    return lists


def _videos(path: Path, node: ast.Assign) -> list[str]:
    try:
        value = ast.literal_eval(node.value)
    except ValueError:
        value = None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise CorpusError(f"{path}, line {node.lineno}: expected a list of video names")
    return value


def _from_pickle(path: Path) -> dict[str, list[str]]:
    content: Any = read_pickle(path)
    lists: dict[str, list[str]] = {}
    for name in SPLITS:
        part = content.get(name) if isinstance(content, Mapping) else None
        if isinstance(part, Mapping) and "id" in part:
            ids = (str(one) for one in part["id"])
            lists[name] = list(dict.fromkeys(one.split(ID_SEPARATOR)[0] for one in ids))
    return lists

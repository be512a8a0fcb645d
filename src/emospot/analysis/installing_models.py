"""Installing a model under a name, and taking it away again.

A model is copied: its weights, its description and its page, and nothing else. It is
copied beside its place and renamed when it is whole and known to load, so that a name
never stands for half of a model.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emospot.analysis.hub_models import hub_folder, hub_reference
from emospot.analysis.installed_models import (
    SOURCES,
    check_model_name,
    installed_folder,
    installed_model,
    model_sources,
)
from emospot.analysis.models import (
    KnownModel,
    bundled_cards,
    known_model,
    load,
    model_folder,
)
from emospot.errors import EmospotError, UsageError
from emospot.files import make_folder, write_json
from emospot.model.foreign_weights import README, check_foreign
from emospot.model.names import DESCRIPTION, WEIGHTS


def add_model(
    source: str | Path,
    name: str | None = None,
    *,
    card: Mapping[str, Any] | None = None,
    replace: bool = False,
) -> KnownModel:
    """Install a model under a name. One of Hugging Face is fetched: adding it asks for that.

    Args:
        source: a model's folder, a run's folder (its first seed), or "hf:owner/name".
        name: None: that of the folder, of the run or of the repository.
        card: fields of the card to set, e.g. {"licence": "cc-by-4.0", "language": "en"}.
        replace: whether an installed model of that name is replaced.

    Raises:
        UsageError: if the name is taken.
        ModelError: if there is no such model, it does not load, or the name is no name.
        EmospotError: if it cannot be written.
    """
    folder, origin, usual = _found(source)
    chosen = check_model_name(name or usual)
    if chosen in bundled_cards():
        raise UsageError(f'"{chosen}" comes with emospot: choose another name with --name')
    if installed_model(chosen) is not None and not replace:
        raise UsageError(
            f'a model "{chosen}" is installed already: take it away by emospot models remove '
            f"{chosen}, replace it with --replace, or choose another name with --name"
        )
    check_foreign(folder)
    load(folder.resolve())
    _install(folder, chosen, {**(card or {}), "name": chosen})
    _note_source(chosen, origin)
    return known_model(chosen)


def remove_model(name: str) -> None:
    """Delete an installed model.

    Raises:
        UsageError: if it comes with emospot, or there is none of that name.
        EmospotError: if it cannot be deleted.
    """
    if name in bundled_cards():
        raise UsageError(f'"{name}" comes with emospot and cannot be taken away')
    folder = installed_model(name)
    if folder is None:
        raise UsageError(
            f'no model "{name}" is installed in {installed_folder()}: emospot models lists them'
        )
    try:
        if folder.is_symlink():
            folder.unlink()
        else:
            shutil.rmtree(folder)
    except OSError as failure:
        raise EmospotError(
            f"cannot delete {folder}: {failure.strerror or failure}; delete it by hand"
        ) from failure
    _note_source(name, None)


def _found(source: str | Path) -> tuple[Path, str, str]:
    """The model's folder, where that is from, and what it would usually be called."""
    path = Path(source)
    reference = None if path.exists() else hub_reference(str(source))
    if reference is not None and installed_model(str(source)) is None:
        folder = hub_folder(reference, allow_download=True, refresh=True)
        # In the cache a model lies in a folder that is called after its commit.
        at = f"hf:{reference.repository}@{folder.name}"
        return folder, at, reference.repository.rpartition("/")[2]
    folder = model_folder(source)
    named = path.resolve()
    if named.name == "model" and named.parent.name.startswith("seed-"):
        named = named.parent.parent
    return folder, str(named), named.name


def _install(folder: Path, name: str, card: Mapping[str, Any]) -> None:
    place = installed_folder()
    make_folder(place)
    described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    strange = card.keys() - described["card"].keys()
    if strange:
        raise UsageError(f"a model's card has no {', '.join(sorted(strange))}")
    described["card"].update(card)
    try:
        draft = Path(tempfile.mkdtemp(prefix=".adding-", dir=place))
        try:
            shutil.copyfile(folder / WEIGHTS, draft / WEIGHTS)
            write_json(draft / DESCRIPTION, described)
            if (folder / README).is_file():
                shutil.copyfile(folder / README, draft / README)
            draft.chmod(0o755)
            _put(draft, place / name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as failure:
        raise EmospotError(
            f"cannot install the model in {place}: {failure.strerror or failure}; free space, or "
            "name another folder by EMOSPOT_MODELS"
        ) from failure


def _put(draft: Path, place: Path) -> None:
    """Move a whole model to its place; one that is there goes only when it is not needed."""
    if not place.exists():
        draft.rename(place)
        return
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    place.rename(old)
    draft.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _note_source(name: str, source: str | None) -> None:
    known = {n: s for n, s in model_sources().items() if n != name}
    if source is not None:
        known[name] = source
    write_json(installed_folder() / SOURCES, known)

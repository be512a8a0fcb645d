"""Models from Hugging Face: named, looked up on this machine, fetched only when allowed.

    hf:OWNER/NAME            hf:OWNER/NAME@REVISION

Nothing is fetched unless somebody said so: `emospot models add hf:…`, `--allow-download`,
or EMOSPOT_ALLOW_DOWNLOAD=1. Without that a name is looked up in Hugging Face's cache on
this machine. Of a repository only `model.json`, `model.safetensors` and `README.md` are
asked for, by these names, once their sizes are known; names of files that a repository
states never reach the file system, and nothing in it is run. They are fetched at the
commit whose sizes were told, not at a branch that may move meanwhile. A model is checked
(`model.foreign_weights`) each time before it is used, also where it lay in the cache: it
stays there when it fails, and other programs put models there, too.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emospot.errors import ModelError
from emospot.files import write_file
from emospot.model.foreign_weights import MOST_BYTES, README, check_foreign, check_size
from emospot.model.names import DESCRIPTION, WEIGHTS

ALLOW = "EMOSPOT_ALLOW_DOWNLOAD"
"""The environment variable that allows downloads."""

PREFIX = "hf:"
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_REFERENCE = re.compile(
    rf"(?P<repository>{_PART}/{_PART})(?:@(?P<revision>[A-Za-z0-9][A-Za-z0-9._/-]{{0,99}}))?"
)
_MAIN = "main"
_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class HubReference:
    """A model on Hugging Face.

    Args:
        repository: "owner/name".
        revision: branch, tag or commit; None: the branch "main".
    """

    repository: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{PREFIX}{self.repository}" + (f"@{self.revision}" if self.revision else "")


def hub_reference(name: str, revision: str | None = None) -> HubReference | None:
    """What a name means on Hugging Face, or None where it has no "hf:".

    The prefix is what tells such a name from a path: without it a path with a slip of the
    pen would be asked for on the network.

    Args:
        name: "hf:owner/name" or "hf:owner/name@revision".
        revision: takes the place of the name's.

    Raises:
        ModelError: if it begins with "hf:" and is no name of a repository.

    >>> hub_reference("hf:lab/calls@v2")
    HubReference(repository='lab/calls', revision='v2')
    >>> hub_reference("lab/calls") is None
    True
    """
    if not name.startswith(PREFIX):
        return None
    found = _parsed(name.removeprefix(PREFIX), revision)
    if found is None:
        raise ModelError(
            f'"{name}" names no repository: expected {PREFIX}owner/name or '
            f"{PREFIX}owner/name@revision"
        )
    return found


def bare_reference(name: str, revision: str | None = None) -> HubReference | None:
    """As `hub_reference`, where "hf:" may be left out, as users of Hugging Face do.

    Without it a name is meant only where it can be no path: neither the path is there, nor
    a folder that is called like the owner.

    Args:
        name: "owner/name", with or without "hf:" and "@revision".
        revision: takes the place of the name's.

    Raises:
        ModelError: as `hub_reference`.

    >>> bare_reference("lab/calls")
    HubReference(repository='lab/calls', revision=None)
    >>> bare_reference("runs/today/seed-0") is None
    True
    """
    if name.startswith(PREFIX):
        return hub_reference(name, revision)
    owner = name.partition("/")[0]
    if Path(name).exists() or Path(owner).exists():
        return None
    return _parsed(name, revision)


def _parsed(plain: str, revision: str | None) -> HubReference | None:
    """What a name without "hf:" means, or None where it is no name of a repository."""
    match = _REFERENCE.fullmatch(plain)
    named = revision or (match["revision"] if match else None)
    strange = ".." in plain or "--" in plain or (named is not None and ".." in named)
    return None if match is None or strange else HubReference(match["repository"], named)


def download_allowed() -> bool:
    """Whether the environment allows downloads."""
    return os.environ.get(ALLOW, "").strip().lower() in ("1", "true", "yes", "on")


def hub_folder(
    reference: HubReference,
    *,
    allow_download: bool | None = None,
    refresh: bool = False,
    token: str | bool | None = None,
    cache: Path | None = None,
) -> Path:
    """The folder of a model from Hugging Face.

    Args:
        reference: which.
        allow_download: whether it may be fetched where it is not on this machine; None: as
            the environment says.
        refresh: ask Hugging Face even where it is on this machine (allowed downloads only).
        token: for repositories that need one; None: that of `hf auth login`, if any.
        cache: Hugging Face's cache folder; None: the usual one.

    Returns:
        A folder with `model.json` and `model.safetensors`, to be read only.

    Raises:
        ModelError: if it is not on this machine and may not be fetched, cannot be
            fetched, or is no model of emospot.
    """
    allowed = download_allowed() if allow_download is None else allow_download
    found = None if refresh and allowed else _cached(reference, cache)
    if found is None and not allowed:
        raise ModelError(
            f"the model {reference} is not on this machine, and nothing is fetched unasked: "
            f"fetch it by emospot models add {reference}, or allow it by --allow-download "
            f"(or {ALLOW}=1)"
        )
    if found is None:
        with _told(reference):
            found = _fetched(reference, token, cache)
    check_foreign(found)
    return found


def _cached(reference: HubReference, cache: Path | None) -> Path | None:
    """The folder in Hugging Face's cache, or None; the network is not asked."""
    from huggingface_hub import try_to_load_from_cache

    folders = set()
    for name in (DESCRIPTION, WEIGHTS):
        path = try_to_load_from_cache(
            reference.repository, name, cache_dir=cache, revision=reference.revision
        )
        if not isinstance(path, str):
            return None
        folders.add(Path(path).parent)
    return folders.pop() if len(folders) == 1 else None


def _fetched(reference: HubReference, token: str | bool | None, cache: Path | None) -> Path:
    from huggingface_hub import HfApi, hf_hub_download

    repository = reference.repository
    said = HfApi(token=token).model_info(
        repository, revision=reference.revision, files_metadata=True, timeout=_TIMEOUT
    )
    sizes = {file.rfilename: file.size for file in said.siblings or ()}
    missing = [name for name in (DESCRIPTION, WEIGHTS) if name not in sizes]
    if missing:
        raise ModelError(
            f"{reference} is no model of emospot: it has no {missing[0]} (expected {DESCRIPTION} "
            f"and {WEIGHTS}, as push_to_hub leaves them)"
        )
    for name in (DESCRIPTION, WEIGHTS):
        check_size(name, sizes[name], str(reference))
    wanted = [DESCRIPTION, WEIGHTS]
    if 0 < (sizes.get(README) or 0) <= MOST_BYTES[README]:
        wanted.append(README)
    if said.sha is None:
        raise ModelError(f"the commit of {reference} is not told, so nothing is fetched")
    paths = [
        Path(hf_hub_download(repository, name, revision=said.sha, token=token, cache_dir=cache))
        for name in wanted
    ]
    folder = paths[0].parent
    if any(path.parent != folder for path in paths):
        raise ModelError(f"{reference} lies in several folders of the cache: delete it there")
    _remember(reference.revision or _MAIN, said.sha, folder)
    return folder


def _remember(revision: str, commit: str, folder: Path) -> None:
    """Note in Hugging Face's cache which commit a branch or tag is, as its client would.

    The client does so only where it is asked for the branch itself.
    """
    if revision != commit:
        # CACHE/models--OWNER--NAME/snapshots/COMMIT, and beside "snapshots" refs/BRANCH.
        note = folder.parent.parent / "refs" / revision
        if not note.is_file() or note.read_bytes() != commit.encode():
            write_file(note, commit.encode(), "which commit was fetched")


@contextmanager
def _told(reference: HubReference) -> Iterator[None]:
    """Says in one line why a model cannot be fetched."""
    from huggingface_hub import errors

    advice = "check the connection, HF_ENDPOINT and HF_HUB_OFFLINE"
    try:
        yield
    except ModelError:
        raise
    except errors.GatedRepoError as error:
        why, cause = "its owner must let you in, see its page; then hf auth login", error
    except errors.RepositoryNotFoundError as error:
        why, cause = "there is none, or it is private: check the name, or hf auth login", error
    except errors.RevisionNotFoundError as error:
        why, cause = f'it has no revision "{reference.revision}"', error
    except errors.OfflineModeIsEnabled as error:
        why, cause = "HF_HUB_OFFLINE is set, so nothing can be fetched", error
    except Exception as error:  # noqa: BLE001
        # The client raises what its transport raises, and that differs by version.
        why, cause = f"{_reason(error)}: {advice}", error
    else:
        return
    raise ModelError(f"the model {reference} cannot be fetched: {why}") from cause


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

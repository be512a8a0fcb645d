import errno
import os
from pathlib import Path

import pytest

from emospot.errors import EmospotError, StoreError
from emospot.files import make_folder, write_file, written_beside


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_content_is_there_and_folders_are_made(tmp_path: Path):
    path = tmp_path / "a" / "b" / "file.json"
    write_file(path, b"one")
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert names(path.parent) == ["file.json"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_older_file(tmp_path: Path, monkeypatch, step: str):
    path = tmp_path / "file.json"
    path.write_text("old", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), full)
    with pytest.raises(EmospotError) as caught:
        write_file(path, b"new", "the analysis")
    assert str(caught.value) == (
        f"cannot write the analysis {path}: No space left on device; "
        "free space or choose another folder; an older file is left as it was"
    )
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["file.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_the_system_itself_says_that_the_disk_is_full(tmp_path: Path):
    (tmp_path / "file.part").symlink_to("/dev/full")
    with pytest.raises(StoreError, match="No space left on device; start again"):
        write_file(tmp_path / "file", b"new", advice="start again", error=StoreError)
    assert names(tmp_path) == []


def test_a_failure_of_the_writer_is_its_own_and_leaves_no_draft(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")

    def fail(draft: Path) -> None:
        draft.write_text("half", encoding="utf-8")
        raise KeyError("x")

    with pytest.raises(KeyError), written_beside(path) as draft:
        fail(draft)
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["file"]


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(EmospotError, match=r"file is a file, not a folder"):
        write_file(tmp_path / "file" / "x.json", b"")
    with pytest.raises(EmospotError, match=r"file is a file, not a folder; choose another"):
        make_folder(tmp_path / "file")


def test_a_folder_where_a_file_should_be_is_told(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(EmospotError, match="Is a directory"):
        write_file(tmp_path / "folder", b"")
    make_folder(tmp_path / "folder")
    assert names(tmp_path) == ["folder"]

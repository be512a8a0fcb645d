from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest

from emospot.report.player import find_player, is_found


@pytest.mark.parametrize(
    "name",
    [
        "talk.wav",
        "my talk #1?.wav",
        "50%25.wav",
        "a:b.wav",
        "ä\u0308 ü.wav",
        "sub/talk.wav",
        '"><i>.wav',
    ],
)
def test_the_address_leads_to_the_file(tmp_path: Path, name: str) -> None:
    player = find_player(tmp_path / "report.html", tmp_path / name)
    resolved = urljoin(f"file://{tmp_path}/report.html", player.address)
    assert unquote(resolved.removeprefix("file://")) == str(tmp_path / name)
    assert not set(player.address) & set('#?"<> ')


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("a.mp4", "video"),
        ("a.webm", "video"),
        ("a.wav", "audio"),
        ("a.mp3", "audio"),
        ("a", "audio"),
    ],
)
def test_the_element_fits_the_kind(tmp_path: Path, name: str, tag: str) -> None:
    assert find_player(tmp_path / "report.html", tmp_path / name).tag == tag


def test_the_address_leads_up_to_a_recording_above(tmp_path: Path) -> None:
    report = tmp_path / "a" / "b" / "report.html"
    player = find_player(report, tmp_path / "my talk.wav")
    assert player.address == "../../my%20talk.wav"
    assert urljoin(report.as_uri(), player.address) == (tmp_path / "my talk.wav").as_uri()


def test_no_folder_of_a_recording_elsewhere_is_told(tmp_path: Path) -> None:
    player = find_player(tmp_path / "out" / "report.html", tmp_path / "clients" / "talk.wav")
    assert (player.address, player.name) == ("./talk.wav", "talk.wav")
    assert find_player(tmp_path / "report.html", None) is None


def test_relative_paths_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_player(Path("r.html"), tmp_path / "talk.wav").address == "./talk.wav"
    assert find_player(tmp_path / "r.html", Path("x/../talk.wav")).address == "./talk.wav"


@pytest.mark.parametrize("place", ["talk.wav", "out/talk.wav", "out/sub/talk.wav"])
def test_it_is_known_whether_the_recording_lies_at_its_address(tmp_path: Path, place: str) -> None:
    report, recording = tmp_path / "out" / "r.html", tmp_path / place
    recording.parent.mkdir(parents=True, exist_ok=True)
    assert not find_player(report, recording).found
    recording.write_bytes(b"x")
    assert find_player(report, recording).found


def test_a_recording_elsewhere_is_found_once_it_is_copied(tmp_path: Path) -> None:
    report, recording = tmp_path / "out" / "r.html", tmp_path / "clients" / "talk.wav"
    recording.parent.mkdir()
    recording.write_bytes(b"x")
    assert not is_found(report, recording)
    report.parent.mkdir()
    (report.parent / "talk.wav").write_bytes(b"x")
    assert is_found(report, recording)

"""What somebody has changed is never lost; what nobody has changed leaves no copies."""

from pathlib import Path

from emospot.report.kept_exports import REMEMBERED, write_export


def test_what_was_written_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "talk.emotions.eaf"
    assert write_export(path, b"first", "it") is None
    assert write_export(path, b"second", "it") is None
    assert path.read_bytes() == b"second"
    assert {p.name for p in tmp_path.iterdir()} == {path.name, REMEMBERED}


def test_what_was_changed_is_kept_each_time_under_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "talk.emotions.eaf"
    write_export(path, b"first", "it")
    for number in (1, 2):
        path.write_bytes(b"corrected %d" % number)
        kept = write_export(path, b"again", "it")
        assert kept == tmp_path / f"talk.changed-{number}.emotions.eaf"
        assert kept.read_bytes() == b"corrected %d" % number
        assert path.read_bytes() == b"again"


def test_a_file_that_nobody_remembers_is_somebodys(tmp_path: Path) -> None:
    path = tmp_path / "talk.srt"
    path.write_bytes(b"mine")
    (tmp_path / REMEMBERED).write_text("no JSON", encoding="utf-8")
    kept = write_export(path, b"ours", "it")
    assert kept == tmp_path / "talk.changed-1.srt"
    assert kept.read_bytes() == b"mine"


def test_the_same_again_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "talk.emotions.csv"
    path.write_bytes(b"same")
    assert write_export(path, b"same", "it") is None

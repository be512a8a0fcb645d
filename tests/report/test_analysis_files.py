import json
from dataclasses import replace

import pytest

from emospot.analysis.types import Analysis
from emospot.errors import EmospotError, UsageError
from emospot.files import stem
from emospot.report.analysis_files import (
    FORMATS,
    export_analysis,
    formats_named,
    untimed,
    write_exports,
)
from emospot.report.hotspot_files import FORMATS as HOTSPOT_FORMATS

NAMES = ("srt", "vtt", "csv", "jsonl", "textgrid", "eaf", "rttm", "webannotation")
TIMED = ("srt", "vtt", "textgrid", "eaf", "rttm")


def test_the_formats():
    assert tuple(FORMATS) == NAMES
    endings = [one.ending for one in FORMATS.values()]
    assert len(set(endings)) == len(endings)
    others = {ending for ending, _ in HOTSPOT_FORMATS.values()} | {".analysis.json", ".html"}
    assert not others & set(endings)
    # Programs that pair files by their names know that they are about one recording.
    assert {stem(f"talk{ending}") for ending in endings} == {"talk"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which", ["analysis", "awkward"])
def test_every_format_is_written_and_again_from_json(name, which, request):
    one = request.getfixturevalue(which)
    data = export_analysis(one, name)
    assert data.decode("utf-8")
    assert export_analysis(Analysis.from_json(one.to_json()), name) == data


@pytest.mark.parametrize("name", NAMES)
def test_a_text_without_times(bare_text, name):
    assert untimed(bare_text) == 10
    if name in TIMED:
        with pytest.raises(UsageError, match=f"no times, and {name} is made of times; choose csv"):
            export_analysis(bare_text, name)
    else:
        assert export_analysis(bare_text, name)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_said(analysis, name):
    export_analysis(replace(analysis, utterances=()), name)


def test_a_name_that_is_not_unicode_loses_nothing(analysis):
    strange = replace(analysis, recording="caf\udce9.wav")
    for name in NAMES:
        assert export_analysis(strange, name).decode("utf-8")


def test_the_recording_is_linked_from_where_the_file_lies(analysis, tmp_path):
    media = tmp_path / "my films" / "evening.mp4"
    media.parent.mkdir()
    media.touch()
    out = tmp_path / "out" / "deep"
    eaf, annotations = write_exports(
        analysis, out, "evening", ["eaf", "webannotation", "eaf"], media=media
    )
    assert (eaf.name, annotations.name) == ("evening.emotions.eaf", "evening.emotions.jsonld")
    assert 'RELATIVE_MEDIA_URL="../../my films/evening.mp4"' in eaf.read_text()
    first = json.loads(annotations.read_text())["first"]["items"][0]
    assert first["target"]["source"] == "../../my%20films/evening.mp4"


def test_what_can_be_written_is_written_before_the_error(bare_text, tmp_path):
    with pytest.raises(UsageError, match="srt is made of times"):
        write_exports(bare_text, tmp_path, "talk", ["srt", "csv"])
    assert [path.name for path in tmp_path.glob("talk*")] == ["talk.emotions.csv"]


def test_an_older_file_is_left_when_it_cannot_be_written(analysis, tmp_path):
    (tmp_path / "talk.emotions.srt").mkdir()
    with pytest.raises(EmospotError, match="cannot write the export srt"):
        write_exports(analysis, tmp_path, "talk", ["srt"])


def test_names_of_formats():
    assert formats_named(" EAF, srt ,eaf", "--to") == ("eaf", "srt")
    assert formats_named("all", "--to") == NAMES
    assert formats_named("", "--to") == ()
    for text in ("doc", "srt,doc", ",", "all,srt"):
        with pytest.raises(UsageError, match=f'--to "{text}": known formats are srt, vtt'):
            formats_named(text, "--to")
    with pytest.raises(UsageError, match='no format "doc"; known: srt'):
        export_analysis(None, "doc")

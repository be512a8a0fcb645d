import csv
import json
from pathlib import Path

import pytest

from emospot.features.store import FeatureStore

LINES = {
    "happiness": "I am so happy, this is wonderful news!",
    "sadness": "I miss her and I cannot stop crying.",
    "neutral": "The bus leaves at nine from the station.",
    "anger": "I hate this, get out of my house!",
}
HEAD = ["dialogue", "utterance", "speaker", "start", "end", "text", "emotion", "split", "vec"]


@pytest.fixture
def write_table(tmp_path: Path):
    """Writes eight dialogues of four turns; `changes` maps (row, column) to a cell."""

    def write(changes=None, name="table.csv") -> Path:
        rows = [
            [
                f"d{d}",
                f"d{d}u{t}",
                "AB"[t % 2],
                3 * t,
                3 * t + 2,
                text,
                emotion,
                "test" if d >= 6 else "train",
                f"[{d}, {t}, 1.5]",
            ]
            for d in range(8)
            for t, (emotion, text) in enumerate(LINES.items())
        ]
        for (row, column), cell in (changes or {}).items():
            rows[row][HEAD.index(column)] = cell
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([HEAD, *rows])
        return path

    return write


@pytest.fixture
def import_table(emospot, tmp_path):
    """Imports without words, which is fast; voice comes from the table."""

    def call(table: Path, *options, store="store"):
        return emospot(
            "corpus",
            "import",
            "table",
            table,
            "--out",
            tmp_path / store,
            "--words",
            "none",
            "--feature",
            "voice=vec:mine",
            *options,
        )

    return call


def test_a_table_becomes_a_store_that_is_described(emospot, import_table, write_table, tmp_path):
    ran = import_table(write_table())
    assert ran.status == 0
    assert ran.out.startswith(f"imported table into {tmp_path / 'store'}\n")
    described = emospot("corpus", "describe", tmp_path / "store")
    assert described.out in ran.out
    for shown in ("conversations", "utterances", "happiness", "voice", "mine"):
        assert shown in described.out  # no heading is cut
    assert "warning: 2 of 2 speakers are in more than one split" in described.err


def test_describe_as_json(emospot, import_table, write_table, tmp_path):
    imported = json.loads(import_table(write_table(), "--json").out)
    assert imported == json.loads(emospot("corpus", "describe", tmp_path / "store", "--json").out)
    assert imported["splits"]["test"]["utterances"] == 8


def test_words_are_measured_by_default(emospot, write_table, tmp_path):
    ran = emospot("corpus", "import", "table", write_table(), "--out", tmp_path / "s")
    assert ran.status == 0
    assert "minilm-l6" in ran.out


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        (
            {(8, "vec"): "[1, nan, 2]"},
            (),
            r'table.csv, row 9: column "vec", number 2 of 3 is nan',
        ),
        ({(8, "vec"): "[1, 2]"}, (), "row 9"),
        (
            {(5, "emotion"): "furious"},
            ("--labels", ",".join(LINES)),
            'row 6: label "furious" is not in the label set',
        ),
        ({}, ("--columns", "emotion=mood"), 'no column "mood" for emotion'),
        ({(1, "utterance"): "d0u0"}, (), "d0u0"),
    ],
)
def test_a_bad_table_names_the_place(
    import_table, write_table, tmp_path, changes, options, message
):
    ran = import_table(write_table(changes), *options)
    assert (ran.status, ran.out) == (1, "")
    (line,) = ran.error_lines
    assert message in line


def test_what_can_be_used_is_used_with_a_warning(import_table, write_table):
    changes = {(2, "end"): -1, (3, "vec"): "[nan, 1, 1]", (5, "text"): ""}
    ran = import_table(write_table(changes), "--missing", "absent")
    assert ran.status == 0
    assert "row 3: 6.0 to -1.0" in ran.err
    assert "have no text" in ran.err


def test_labels_can_be_declared_none(import_table, write_table):
    changes = {(5, "emotion"): "xxx"}
    ran = import_table(
        write_table(changes), "--labels", ",".join(LINES), "--no-label", "xxx", "--json"
    )
    assert json.loads(ran.out)["splits"]["train"]["labelled"] == 23


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--columns", "emotion"), '--columns "emotion": expected name=value'),
        (("--feature", "voice"), '--feature "voice": expected name=value'),
        (("--missing", "zero"), '"zero"'),
    ],
)
def test_wrong_options(emospot, write_table, tmp_path, options, message):
    ran = emospot("corpus", "import", "table", write_table(), "--out", tmp_path / "s", *options)
    assert ran.status == 2
    assert message in ran.error_lines[0]


def test_a_finished_store_is_not_overwritten(import_table, write_table):
    import_table(write_table())
    ran = import_table(write_table())
    assert ran.status == 1
    assert "holds a finished store" in ran.error_lines[0]


def test_a_store_of_another_version(emospot, import_table, write_table, tmp_path):
    import_table(write_table())
    manifest = tmp_path / "store" / "manifest.json"
    plain = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**plain, "format_version": 99}), encoding="utf-8")
    ran = emospot("corpus", "describe", tmp_path / "store")
    assert (ran.status, ran.out) == (1, "")
    assert "99" in ran.error_lines[0]
    assert "manifest.json" in ran.error_lines[0]


def test_no_store(emospot, tmp_path):
    ran = emospot("corpus", "describe", tmp_path / "nothing")
    assert ran.status == 1
    assert ran.error_lines == [f"emospot: no store at {tmp_path / 'nothing'}: no such folder"]


def test_marks_come_in_the_place_of_a_detector(import_table, write_table, tmp_path):
    marks = tmp_path / "marks.csv"
    marks.write_text("recording,start,end\nd0,0.5,1.5\nd0,3.1,4\nd9,0,1\n")
    ran = import_table(write_table(), "--marks", f"voice={marks}")
    assert ran.status == 0, ran.err
    assert "marks of voice are about recordings that the corpus has not got: d9" in ran.err
    spots = {
        s.conversation.id: s.hotspots
        for s in FeatureStore.open(tmp_path / "store").conversations()
    }
    assert [[(h.start, h.end) for h in own] for own in spots["d0"]] == [
        [(0.5, 1.5)],
        [(3.1, 4.0)],
        [],
        [],
    ]
    assert not any(any(own) for name, own in spots.items() if name != "d0")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--marks", "marks.csv"], '--marks "marks.csv": expected name=value'),
        (["--marks", "voice=gone.csv"], "gone.csv is not there"),
        (["--marks", "voice=corpus"], "this corpus brings no marks of voice"),
        (["--marks", "voice=a.csv", "--marks", "voice=b.csv"], "--marks names a modality twice"),
    ],
)
def test_marks_that_are_not_there(import_table, write_table, options, message):
    ran = import_table(write_table(), *options)
    assert ran.status != 0
    assert len(ran.error_lines) == 1
    assert message in ran.error_lines[0]


def test_the_ceiling_of_planted_conversations(emospot, tmp_path):
    source = tmp_path / "few.yaml"
    source.write_text("dialogues: {test: 6}")
    found = {
        row["knowledge"]: row
        for row in json.loads(emospot("corpus", "ceiling", source, "--json").out)
    }
    assert list(found) == ["all", "without context", "blind to lag", "pooled", "chance"]
    best = found["all"]["accuracy"]
    assert best["low"] <= best["value"] <= best["high"]
    assert best["value"] > found["chance"]["accuracy"]["value"]
    shown = emospot("corpus", "ceiling", source).out
    assert "utterances of 6 conversations" in shown
    assert f"{100 * best['value']:.1f} [" in shown
    wrong = emospot("corpus", "ceiling", source, "--split", "train")
    assert wrong.status == 2
    assert "has no conversations of the split train, only of test" in wrong.err

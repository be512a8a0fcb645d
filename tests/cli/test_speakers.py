import json

from typer.testing import CliRunner

from emospot.cli.main import app

RESULTS = {
    "summary": [
        {
            "group": "all",
            "way": "number found",
            "collar": collar,
            "talks": 2,
            "der": [0.2, 0.1, 0.3],
            "confusion": [0.1, 0.05, 0.2],
            "miss": [0.05, 0.0, 0.1],
            "false_alarm": [0.05, 0.0, 0.1],
        }
        for collar in (0.25, 0.0)
    ],
    "counts": {"2": {"2": 1, "3": 1}},
    "dialogues": {
        "dialogues": 1,
        "found": {"2": 1},
        "number found": [0.1, 0.0, 0.2],
        "number given": [0.1, 0.0, 0.2],
        "all as one": [0.4, 0.3, 0.5],
    },
    "fit": [{"cohesion": 0.81, "confusion": 0.2, "right_number": 0.5, "talks": 2}],
}


def test_the_benchmark_is_written_and_shown(monkeypatch, tmp_path):
    def run(data, tell):
        tell("a talk")
        return RESULTS

    monkeypatch.setattr("emospot.experiments.speakers_study.run_speakers", run)
    answer = CliRunner().invoke(app, ["speakers", "benchmark", "--out", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    assert "| all | 2 | number found | 20.0 [10.0, 30.0] |" in answer.output
    assert json.loads((tmp_path / "speakers.json").read_text()) == RESULTS
    assert "| 2 | 1 | 1 |" in (tmp_path / "table.md").read_text()
    answer = CliRunner().invoke(app, ["speakers", "benchmark", "--out", str(tmp_path), "--json"])
    assert json.loads(answer.stdout) == RESULTS


def test_wrong_choices_are_wrong_use(tmp_path):
    for wrong in (["--speakers", "many"], ["--recogniser", "whisper"]):
        for command in (["analyze", "--out", str(tmp_path)], ["hotspots"]):
            answer = CliRunner().invoke(app, [command[0], "x.wav", *command[1:], *wrong])
            assert answer.exit_code != 0
            assert type(answer.exception).__name__ == "UsageError"

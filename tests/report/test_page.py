import base64
import errno
import hashlib
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from emospot.analysis.types import (
    Analysis,
    HotspotFinding,
    ModalityFinding,
    NeighbourFinding,
)
from emospot.emotions import UNSURE
from emospot.errors import EmospotError
from emospot.report import FaceStill, render_report, write_report
from emospot.report.clock import percent
from emospot.report.palette import relative_luminance

EVIL = "</script></style><img src=x onerror=alert(1)>\"'&{{ 7*7 }}\u2028"
PAGE = Path("report.html")


@pytest.fixture
def page(analysis: Analysis, parse):
    return parse(render_report(analysis, PAGE))


def test_headline(page, analysis: Analysis) -> None:
    assert page.one("h1").line == analysis.recording
    assert page.one(id="fact-duration").line == "0:39"
    assert page.one(id="fact-speakers").line == "2 Mara, Jonas"
    assert page.one(id="fact-utterances").line == "10 2 unsure"
    assert page.one(id="fact-emotions").line == "excited 27% frustration 18% happiness 14%"


def test_notices_are_in_the_page_before_the_timeline(page, analysis: Analysis) -> None:
    text = page.one("main").line
    for sentence in (*analysis.warnings, *analysis.model.limits, analysis.model.licence):
        assert text.lower().index(sentence.lower()) < text.index("Timeline")
    kinds = [li.attributes["class"] for li in page.one(cls="notices").all("li")]
    assert kinds == ["warning", "unsure", "use", "absent", "unused", "unused"]
    folded = page.one(cls="notices").one("details")
    assert "open" not in folded.attributes
    assert [li.attributes["class"] for li in folded.all("li")] == kinds[2:]


def test_every_utterance_with_its_emotion_and_confidence(page, analysis: Analysis) -> None:
    rows = page.all("article")
    assert [row.attributes["data-id"] for row in rows] == [u.id for u in analysis.utterances]
    for row, utterance in zip(rows, analysis.utterances, strict=True):
        assert row.one("h3").line == utterance.speaker
        assert row.one(cls="text").text == utterance.text
        emotion = row.one(cls="emotion")
        assert emotion.one("b").line == utterance.emotion
        assert percent(utterance.confidence) in emotion.line
        assert (float(row.attributes["data-t"]), float(row.attributes["data-end"])) == (
            pytest.approx((utterance.start, utterance.end))
        )


def test_probabilities_of_all_classes(page, analysis: Analysis) -> None:
    for row, utterance in zip(page.all("article"), analysis.utterances, strict=True):
        bars = row.one(cls="bars").all("li")
        shown = {bar.children[0]: bar.one("b").line for bar in bars}
        assert shown == {k: percent(v) for k, v in utterance.probabilities.items()}
        widths = [float(bar.attributes["style"].removeprefix("--p:")[:-1]) for bar in bars]
        assert widths == pytest.approx(
            [100 * p for p in utterance.probabilities.values()], abs=0.06
        )


def test_unsure_names_the_most_probable_class(page, analysis: Analysis) -> None:
    unsure = [i for i, u in enumerate(analysis.utterances) if u.emotion == UNSURE]
    assert len(unsure) == 2
    hatched = page.one("article", id=f"u{unsure[0]}").attributes["class"].split()[1]
    for index, row in enumerate(page.all("article")):
        line = row.one(cls="emotion").line
        assert ("most probable: sadness" in line) == (index in unsure)
        assert (hatched in row.attributes["class"].split()) == (index in unsure)
    pattern = page.one("pattern", id=f"fill-{hatched}")
    assert pattern.all("rect", cls="hatched")


def test_hotspots_are_listed_apart_by_use(page, analysis: Analysis) -> None:
    for row, utterance in zip(page.all("article"), analysis.utterances, strict=True):
        for used, css in ((True, "used"), (False, "unused")):
            expected = [s for s in utterance.hotspots if s.used_by_model == used]
            lists = row.all("ul", cls=css)
            items = lists[0].all("li") if lists else []
            assert [
                (li.all("span")[1].line, li.all("b")[0].line, float(li.one("i").line))
                for li in items
            ] == [(s.modality, s.fired_by, pytest.approx(s.score, abs=0.0051)) for s in expected]
            for li, spot in zip(items, expected, strict=True):
                assert (spot.gate is not None) == ("gate" in li.line)
        quoted = [q.text for q in row.all("q")]
        assert quoted == [
            utterance.text[s.char_start : s.char_end]
            for s in utterance.hotspots
            if s.used_by_model
        ]


def test_word_hotspots_are_marked_in_the_text(analysis: Analysis, parse) -> None:
    first = analysis.utterances[2]
    spots = tuple(
        replace(spot, used_by_model=spot.score > 0.5) for spot in first.hotspots if spot.char_end
    )
    page = parse(
        render_report(replace(analysis, utterances=(replace(first, hotspots=spots),)), PAGE)
    )
    marks = page.one("article").all("mark")
    assert [(m.text, m.attributes["class"], m.attributes["style"]) for m in marks] == [
        ("nobody", "unused", "--s:0.33"),
        ("scared to death", "used", "--s:0.92"),
    ]
    assert "measured, not used" in marks[0].attributes["title"]
    assert "measured, not used" not in marks[1].attributes["title"]


def test_chips_tell_present_absent_and_unused(page, analysis: Analysis) -> None:
    for row, utterance in zip(page.all("article"), analysis.utterances, strict=True):
        chips = {c.line.split()[0]: c.attributes["class"] for c in row.all(cls="chip")}
        face = utterance.modalities["face"]
        assert chips == {
            "words": "chip read",
            "voice": "chip read",
            "face": "chip unused" if face.present else "chip absent",
        }
        finding = row.one(cls="findings").all("li")[2].line
        stated = "measured, not used by this model: " if face.present else "absent: "
        assert finding.endswith(stated + face.reason)


def test_estimated_times_are_marked(page, analysis: Analysis) -> None:
    for row, utterance in zip(page.all("article"), analysis.utterances, strict=True):
        times = [li.all(cls="when")[0].line for ul in row.all(cls="spots") for li in ul.all("li")]
        kinds = [li.all("span")[1].line for ul in row.all(cls="spots") for li in ul.all("li")]
        for time, kind in zip(times, kinds, strict=True):
            assert time.startswith("≈") == (utterance.word_times_estimated and kind == "words")
        assert ("estimated" in row.line) == utterance.word_times_estimated


def test_the_chart_draws_unused_hotspots_as_such(page, analysis: Analysis) -> None:
    chart = page.one(id="chart")
    assert len(chart.all("svg", cls="hotspots")) == 3
    for lane in chart.all("svg", cls="hotspots"):
        spots = [
            spot
            for utterance in analysis.utterances
            for spot in utterance.hotspots
            if spot.modality == lane.attributes["data-modality"]
        ]
        for used, css in ((True, "used"), (False, "unused")):
            titles = [t.line for t in lane.one("g", cls=css).all("title")]
            assert len(titles) == sum(spot.used_by_model == used for spot in spots)
            for title in titles:
                assert ("measured, not used" in title) != used
                assert ("read by the model" in title) == used
    assert [a.attributes["href"] for a in chart.all("a")] == [
        f"#u{i}"
        for speaker in ("Mara", "Jonas")
        for i, u in enumerate(analysis.utterances)
        if u.speaker == speaker
    ]
    legend = page.one(cls="legend").line
    assert "hotspot, measured, not used" in legend
    assert all(label in legend for label in (*analysis.model.labels, UNSURE))


def test_an_unused_hotspot_is_never_called_a_reason(page, analysis: Analysis) -> None:
    for row, utterance in zip(page.all("article"), analysis.utterances, strict=True):
        if any(not spot.used_by_model for spot in utterance.hotspots):
            assert f"they are no reason for “{utterance.emotion}”" in row.line
    text = page.one("main").line.lower()
    for phrase in ("because of", "explains", "justif", "was decided by", "the reason is"):
        assert phrase not in text


def test_summary_and_model_card(page, analysis: Analysis) -> None:
    jonas = page.one("tr", data_speaker="Jonas").line
    assert jonas == "Jonas 4 0:13 excited 68% unsure 17% neutral 14%"
    face = page.one("tr", data_modality="face").line
    assert face == "face 7 of 10 facemesh 0.10.14 nothing of it 7 0 7"
    card = page.one(cls="card").line
    for part in (
        "words-voice",
        "1.2",
        "iemocap6",
        "1.37",
        "Unsure below 40%",
        "minilm-l6",
        "IEMOCAP",
    ):
        assert part in card
    stages = [row.line for row in page.one("table", cls="stages").all("tr")][1:]
    assert stages[0] == "decode 0.61"
    assert stages[-1] == "total 7.34 0.19 s per second of recording"


def test_bare_text(bare_text: Analysis, parse) -> None:
    page = parse(render_report(bare_text, PAGE))
    assert page.all("svg") == []
    assert page.all(id="timeline") == []
    assert page.one(id="fact-duration").line == "no times"
    assert [row.one(cls="text").text for row in page.all("article")] == [
        u.text for u in bare_text.utterances
    ]
    assert "Voice is absent: the input is a text without sound." in page.one(cls="notices").line
    assert not re.search(r"\d:\d\d\.\d", page.one(id="transcript").line)


def test_an_analysis_without_utterances_or_stages(analysis: Analysis, parse) -> None:
    empty = replace(
        analysis, utterances=(), seconds_by_stage={}, warnings=(), created="", duration=3.0
    )
    page = parse(render_report(empty, PAGE))
    assert "There are no utterances." in page.one(id="transcript").line
    assert page.all("table", cls="stages") == []


def test_effects_are_told_where_they_were_measured(page, analysis: Analysis) -> None:
    row = page.one("article", id="u2")
    words, voice, face = row.one(cls="findings").all("li")
    assert words.line.endswith("without it −22 points 66% → 44%")
    assert voice.line.endswith("without it −1 point 66% → 65%")
    assert "without" not in face.line
    told = [small.line for small in row.all("small", cls="without")]
    assert told == ["without it: +1 point", "without it: −17 points · counted most"]
    assert "Words spoke most for “anger”" in row.line
    # An unsure answer speaks of its most probable class.
    assert "“sadness”" in page.one("article", id="u3").one(cls="evidence").line


def test_effects_that_are_not_known_are_not_told(analysis: Analysis, parse) -> None:
    silent = tuple(
        replace(
            u,
            hotspots=tuple(replace(s, effect=None) for s in u.hotspots),
            modalities={k: replace(m, effect=None) for k, m in u.modalities.items()},
            neighbours=(),
        )
        for u in analysis.utterances
    )
    page = parse(render_report(replace(analysis, utterances=silent), PAGE))
    assert page.all(cls="without") == page.all(cls="effect") == page.all(cls="neighbours") == []
    assert "spoke" not in page.one(id="transcript").line
    assert page.all(id="arcs") == []
    assert "Read by the model, the strongest first" in page.one(id="summary").line


def test_neighbours_lead_to_their_turns(page, analysis: Analysis) -> None:
    row = page.one("article", id="u2")
    links = row.one(cls="neighbours").all("a")
    assert [(a.attributes["href"], a.attributes["data-w"]) for a in links] == [
        ("#u1", "0.4"),
        ("#u0", "0.2"),
    ]
    assert "neutral: “I know. The train stood still for two hours.”" in row.line
    assert page.one("article", id="u0").all(cls="neighbours") == []


def test_neighbours_that_are_not_there_are_left_out(analysis: Analysis, parse) -> None:
    odd = replace(analysis.utterances[0], neighbours=(NeighbourFinding("nowhere", 0.5),))
    page = parse(render_report(replace(analysis, utterances=(odd,)), PAGE))
    assert page.all(cls="neighbours") == []


def test_the_strips_are_named(page, analysis: Analysis) -> None:
    names = [[s.line for s in box.all("span")] for box in page.all(cls="strip-names")]
    assert names == [[*analysis.model.labels]] * 2
    lanes = page.all("svg", cls="probabilities")
    assert [lane.attributes["data-speaker"] for lane in lanes] == ["Mara", "Jonas"]


def test_voice_hotspots_are_drawn_on_the_sound(page, analysis: Analysis) -> None:
    voice = [s for u in analysis.utterances for s in u.hotspots if s.modality == "voice"]
    drawn = page.one("svg", cls="sound").all("rect")
    assert [rect.attributes["class"] for rect in drawn] == ["on-wave unused"] * len(voice)


def test_shifts_and_moments(page) -> None:
    mara, jonas = page.one(cls="shifts").all("li", data_speaker="Mara") + page.one(
        cls="shifts"
    ).all("li", data_speaker="Jonas")
    assert "4 shifts among 5 sure answers" in mara.line
    assert "frustration → to anger 1 × 0:06" in mara.line
    assert "frustration → to happiness 1 × 0:27*" in mara.line
    assert "neutral → to excited 1 × 0:16*" in jonas.line
    first = page.one("ol", cls="used").all("li")[0].line
    assert first == ("0:08.8–0:09.7 Mara anger words: lexicon scared to death 0.92 −17 points")
    assert "no reasons" in page.one(cls="moments").line


def test_a_still_tells_the_hotspot_that_it_shows(analysis: Analysis, parse) -> None:
    stills = [FaceStill(8.5, b"\xff\xd8\xff123")]
    page = parse(render_report(analysis, PAGE, face_strip=stills))
    figure = page.one("article", id="u2").one("figure")
    assert figure.attributes["class"] == "unused"
    assert figure.one("figcaption").line == "brow raise 0.50, not used 0:07.9–0:09.0"


def test_speakers_that_were_told_apart_by_voice(analysis: Analysis, parse) -> None:
    page = parse(render_report(replace(analysis, speakers_from="voices"), PAGE))
    assert page.one(id="fact-speakers").line == "2 Mara, Jonas told apart by voice"


def test_many_notices_are_folded_but_all_there(analysis: Analysis, parse) -> None:
    warnings = tuple(f"warning number {i}" for i in range(20))
    page = parse(render_report(replace(analysis, warnings=warnings), PAGE))
    box = page.one(cls="notices")
    assert [li.line for li in box.all("li")][:20] == [
        f"Warning Warning number {i}." for i in range(20)
    ]
    more, folded = box.all("summary")
    assert more.line == "13 more"
    assert folded.line.startswith("Use and limits; not measured")


def evil(analysis: Analysis) -> Analysis:
    """The analysis with hostile text in every field that takes text."""
    labels = (EVIL, "anger")
    words = ModalityFinding(True, True, EVIL, 0.5, (0.5,), ((0, 5),))
    spots = (
        HotspotFinding("words", 1.0, 1.5, 0.5, EVIL, True, 0.5, 0, 20),
        HotspotFinding(EVIL, 1.0, 1.5, 0.5, EVIL, False),
    )
    first = replace(
        analysis.utterances[0],
        id=EVIL,
        speaker=EVIL,
        text=EVIL,
        emotion=EVIL,
        probabilities={EVIL: 0.7, "anger": 0.3},
        hotspots=spots,
        modalities={"words": words, EVIL: ModalityFinding(False, False, EVIL)},
    )
    model = replace(
        analysis.model,
        name=EVIL,
        version=EVIL,
        label_set=EVIL,
        labels=labels,
        licence=EVIL,
        features={EVIL: EVIL},
        limits=(EVIL,),
    )
    return replace(
        analysis,
        recording=EVIL,
        utterances=(first,),
        model=model,
        warnings=(EVIL,),
        extractors={EVIL: EVIL},
        seconds_by_stage={EVIL: 1.0},
        created=EVIL,
        emospot_version=EVIL,
    )


def test_hostile_text_is_shown_and_never_markup(analysis: Analysis, parse, tmp_path: Path) -> None:
    media = tmp_path / '"><img src=x onerror=alert(1)>.wav'
    text = render_report(evil(analysis), tmp_path / "r.html", media=media)
    page = parse(text)
    assert page.one("h1").text == EVIL
    assert page.one(cls="text").text == EVIL
    assert page.one("article").one("h3").text == EVIL
    assert page.one("article").attributes["data-id"] == EVIL
    assert page.one("article").attributes["data-speaker"] == EVIL
    assert page.all("img") == []
    assert [s.attributes.get("type") for s in page.all("script")] == ["application/json", None]
    assert len(page.all("style")) == 1
    handlers = [n for node in page.all() for n in node.attributes if n.startswith("on")]
    assert handlers == []


def test_json_in_the_script_is_escaped_and_reads_back(analysis: Analysis, parse) -> None:
    text = render_report(evil(analysis), PAGE)
    raw = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1]
    assert not set(raw) & set("<>&\u2028\u2029")
    data = json.loads(raw)
    assert data["gates"] == {EVIL: [0, 5, 50]}
    assert data["labels"] == [EVIL, "anger", UNSURE]
    assert json.loads(parse(text).one(id="data").text) == data


def test_only_our_script_may_run(analysis: Analysis, parse) -> None:
    page = parse(render_report(analysis, PAGE))
    policy = page.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    script = page.all("script")[1].text
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("media", [None, Path("talk.mp4")])
def test_nothing_is_fetched_from_elsewhere(analysis: Analysis, parse, media: Path | None) -> None:
    text = render_report(analysis, PAGE, media=media)
    assert "://" not in text
    assert "@import" not in text
    for node in parse(text).all():
        for name, value in node.attributes.items():
            if name in ("src", "href", "srcset", "poster", "action", "data"):
                assert value.startswith(("#", "data:", "./")), (node.tag, name, value)
    assert all(part.startswith(("#", "data:")) for part in re.findall(r"url\(([^)]*)\)", text))


def test_with_the_recording_beside_it_times_become_buttons(analysis: Analysis, parse) -> None:
    page = parse(render_report(analysis, PAGE, media=Path("evening.mp4")))
    assert page.one("video").attributes["src"] == "./evening.mp4"
    for row, utterance in zip(page.all("article"), analysis.utterances, strict=True):
        times = [float(b.attributes["data-t"]) for b in row.all("button", cls="seek")]
        expected = [utterance.start, *(s.start for s in utterance.hotspots)]
        assert sorted(times) == pytest.approx(sorted(expected), abs=0.001)


def test_a_recording_above_the_page_is_played_from_there(analysis: Analysis, parse) -> None:
    page = parse(render_report(analysis, Path("out/r.html"), media=Path("evening.mp4")))
    assert page.one("video").attributes["src"] == "../evening.mp4"
    assert "in the folder above" in page.one("p", id="player-note").line


def test_the_folder_of_a_recording_elsewhere_is_not_named(analysis: Analysis, parse) -> None:
    text = render_report(analysis, PAGE, media=Path("/private/place/talk.wav"))
    assert "/private/place" not in text
    page = parse(text)
    assert page.one("audio").attributes["src"] == "./talk.wav"
    note = page.one("p", id="player-note")
    assert "hidden" not in note.attributes
    assert page.one("audio").attributes["preload"] == "none"
    assert "does not lie beside this page (put it there)" in note.line


def test_pictures_of_faces_stand_in_the_page(analysis: Analysis, parse) -> None:
    stills = [FaceStill(1.0, b"\xff\xd8\xff123")]
    page = parse(render_report(analysis, PAGE, face_strip=stills))
    image = page.one("article", id="u0").one("img")
    assert image.attributes["src"] == stills[0].data_uri
    assert image.attributes["alt"] == "Face at 0:01.0"


def test_every_reference_within_the_page_leads_somewhere(page) -> None:
    ids = [node.attributes["id"] for node in page.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    for node in page.all():
        href = node.attributes.get("href", "")
        wanted = href[1:].split() if href.startswith("#") else []
        wanted += node.attributes.get("aria-labelledby", "").split()
        assert set(wanted) <= set(ids)


def test_controls_have_names(page) -> None:
    for control in (*page.all("button"), *page.all("summary"), *page.all("section")):
        named = control.line or control.attributes.get("aria-label")
        assert named or control.attributes.get("aria-labelledby")
    labelled = [node for label in page.all("label") for node in label.all()]
    for control in (*page.all("select"), *page.all("input")):
        assert control in labelled or control.attributes.get("aria-label")


def test_unknown_and_missing_words(analysis: Analysis, parse) -> None:
    unknown = replace(analysis.utterances[0], text=None, hotspots=(), speaker="", modalities={})
    empty = replace(analysis.utterances[1], text="", hotspots=())
    page = parse(render_report(replace(analysis, utterances=(unknown, empty)), PAGE))
    assert [row.one(cls="text").line for row in page.all("article")] == [
        "Words not known.",
        "No words.",
    ]
    assert page.all("article")[0].one("h3").line == "unnamed speaker"
    assert page.all("article")[0].one(cls="findings").line == "nothing is known"


def test_long_conversations_stay_small(long_analysis, tmp_path: Path) -> None:
    path = tmp_path / "long.html"
    analysis = long_analysis(1600)
    write_report(analysis, path)
    text = path.read_text(encoding="utf-8")
    assert text.count("<article ") == 1600
    # A page of 100 tells the cost of an utterance: the page must grow in line.
    short = render_report(long_analysis(100), PAGE)
    assert len(text) < 16 * len(short)
    assert path.stat().st_size < 7_000_000
    # Ten minutes of lively talk.
    assert len(render_report(long_analysis(250), PAGE).encode()) < 1_200_000


def test_the_file_is_written_with_its_folders(analysis: Analysis, tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "report.html"
    write_report(analysis, path)
    assert path.read_text(encoding="utf-8") == render_report(analysis, path)
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_a_name_that_is_not_unicode_does_not_lose_the_report(
    analysis: Analysis, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    write_report(replace(analysis, recording="caf\udce9.wav"), path)
    assert "caf?.wav" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_failed_write_leaves_the_old_report(
    analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == "write":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(EmospotError, match=r"report\.html: No space left on device.*free space"):
        write_report(analysis, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_folder_that_is_a_file_is_told(analysis: Analysis, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(EmospotError, match="cannot write the report"):
        write_report(analysis, tmp_path / "file" / "report.html")


def test_text_colours_have_contrast_in_light_and_dark(page) -> None:
    style = page.one("style").text
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.S)
    )
    for theme in (light, dark):
        for text in ("ink", "soft", "accent", "warn"):
            for ground in ("paper", "panel", "warn-paper"):
                bright, dim = sorted(
                    (relative_luminance(theme[text]), relative_luminance(theme[ground])),
                    reverse=True,
                )
                assert (bright + 0.05) / (dim + 0.05) >= 4.5, (text, ground)


def test_a_recording_that_is_there_is_asked_for_at_once(
    analysis: Analysis, parse, tmp_path: Path
) -> None:
    (tmp_path / "talk.wav").write_bytes(b"x")
    page = parse(render_report(analysis, tmp_path / "r.html", media=tmp_path / "talk.wav"))
    assert page.one("audio").attributes["preload"] == "metadata"
    assert "hidden" in page.one("p", id="player-note").attributes


def test_where_nothing_was_read_there_is_no_answer(analysis: Analysis, parse) -> None:
    unread = {
        "words": ModalityFinding(False, False, "no words"),
        "voice": ModalityFinding(True, False, effect=0.1),
    }
    third = replace(analysis.utterances[3], modalities=unread)
    utterances = (*analysis.utterances[:3], third, *analysis.utterances[4:])
    page = parse(render_report(replace(analysis, utterances=utterances), PAGE))
    row = page.one("article", id="u3")
    assert row.one(cls="emotion").line == "The model read nothing here"
    assert row.all(cls="bars") == row.all(cls="neighbours") == row.all(cls="effect") == []
    assert "sadness" not in row.line
    assert "34%" not in row.line
    block = page.one("a", href="#u3", tabindex="-1").one("svg")
    assert block.attributes["data-label"].startswith("nothing read")
    assert block.one("title").line == "Jonas: nothing read, 0:10.2–0:12.4"
    # The turn after it names it as such.
    assert "nothing read: “The battery" in page.one("article", id="u4").line
    assert page.one(id="fact-utterances").line == "10 1 unsure 1 not read"
    before = parse(render_report(analysis, PAGE))
    bars = [
        "".join(path.attributes["d"] for path in one.one("svg", data_speaker="Jonas").all("path"))
        for one in (page, before)
    ]
    assert len(bars[0]) < len(bars[1])


def test_an_even_look_around_names_no_turns(analysis: Analysis, parse) -> None:
    near = (NeighbourFinding("turn-1", 0.14), NeighbourFinding("turn-0", 0.1))
    flat = replace(analysis.utterances[2], neighbours=near)
    utterances = (*analysis.utterances[:2], flat, *analysis.utterances[3:])
    page = parse(render_report(replace(analysis, utterances=utterances), PAGE))
    row = page.one("article", id="u2")
    assert "looked about evenly at the turns around" in row.one(cls="evenly").line
    assert row.all("ul", cls="neighbours") == []
    assert page.one("article", id="u3").all("ul", cls="neighbours")


def test_an_undecided_gate_is_called_so(analysis: Analysis, parse) -> None:
    page = parse(render_report(analysis, PAGE))
    row = page.one("article", id="u4")
    (word,) = (s for s in analysis.utterances[4].hotspots if s.modality == "words")
    assert word.gate == pytest.approx(0.38)
    assert "gate 0.38 without" in row.line
    assert "gate 0.49 (undecided)" in page.one("article", id="u3").line


def test_one_voice_was_told_from_nobody(analysis: Analysis, parse) -> None:
    alone = tuple(replace(u, speaker="speaker 1") for u in analysis.utterances)
    changed = replace(analysis, utterances=alone, speakers_from="voices")
    page = parse(render_report(changed, PAGE))
    assert page.one(id="fact-speakers").line == "1 speaker 1"

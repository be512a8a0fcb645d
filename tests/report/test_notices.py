from dataclasses import replace

from emospot.analysis.types import Analysis, ModalityFinding
from emospot.errors import MissingExtraError
from emospot.report.notices import folded_said, notices, unread_count, unsure_count


def texts(analysis: Analysis, kind: str) -> list[str]:
    return [notice.text for notice in notices(analysis) if notice.kind == kind]


def with_modality(analysis: Analysis, name: str, finding: ModalityFinding) -> Analysis:
    utterances = tuple(
        replace(
            u,
            modalities={**u.modalities, name: finding},
            hotspots=tuple(s for s in u.hotspots if s.modality != name or finding.present),
        )
        for u in analysis.utterances
    )
    return replace(analysis, utterances=utterances)


def test_warnings_come_first_in_their_order(analysis: Analysis) -> None:
    changed = replace(analysis, warnings=("worst", "bad", "worst"))
    assert [(n.kind, n.text) for n in notices(changed)][:2] == [
        ("warning", "worst"),
        ("warning", "bad"),
    ]
    assert texts(changed, "warning") == ["worst", "bad"]


def test_licence_and_limits_are_always_told(analysis: Analysis) -> None:
    (text,) = texts(analysis, "use")
    assert text.startswith("Research use only (IEMOCAP). ")
    assert all(limit in text for limit in analysis.model.limits)
    silent = replace(analysis, model=replace(analysis.model, licence="", limits=()))
    assert texts(silent, "use") == []


def test_an_absent_modality_names_the_extra(analysis: Analysis) -> None:
    reason = str(MissingExtraError("face features", "face"))
    changed = with_modality(analysis, "face", ModalityFinding(False, False, reason))
    (text,) = texts(changed, "absent")
    assert text.startswith("Face is absent: face features need the extra [face]")
    assert "pip install 'emospot[face]'" in text


def test_a_modality_absent_in_some_is_counted(analysis: Analysis) -> None:
    (text,) = texts(analysis, "absent")
    assert text == "Face is absent in 3 of 10 utterances: no face seen in this utterance."


def test_what_a_warning_says_is_not_said_again(analysis: Analysis) -> None:
    changed = with_modality(analysis, "voice", ModalityFinding(False, False, "no sound"))
    assert "Voice is absent: no sound." in texts(changed, "absent")
    warned = replace(changed, warnings=("voice missing: no sound",))
    assert not any("Voice" in text for text in texts(warned, "absent"))


def test_reasons_are_told_apart(analysis: Analysis) -> None:
    first = analysis.utterances[0]
    gone = replace(
        first, modalities={**first.modalities, "voice": ModalityFinding(False, True, "too short")}
    )
    changed = replace(analysis, utterances=(gone, *analysis.utterances[1:]))
    assert texts(changed, "absent")[0] == "Voice is absent in 1 of 10 utterances: too short."


def test_measured_but_not_used(analysis: Analysis) -> None:
    voice, face = texts(analysis, "unused")
    assert "reads voice, but not at the grain of its hotspots" in voice
    assert "8 voice hotspots" in voice
    assert "Face was measured, but this model does not use it (this model reads no face)." in face
    assert "measured, no reason for an emotion" in face


def test_unused_without_hotspots_or_reason(analysis: Analysis) -> None:
    utterances = tuple(replace(u, hotspots=()) for u in analysis.utterances)
    changed = with_modality(
        replace(analysis, utterances=utterances), "face", ModalityFinding(True, False)
    )
    assert texts(changed, "unused") == ["Face was measured, but this model does not use it."]


def test_one_hotspot_is_one(analysis: Analysis) -> None:
    utterances = tuple(
        replace(u, hotspots=tuple(s for s in u.hotspots if s.modality == "face")[: index == 0])
        for index, u in enumerate(analysis.utterances)
    )
    (face,) = texts(replace(analysis, utterances=utterances), "unused")
    assert "1 face hotspot is drawn as an outline: measured" in face


def test_no_notice_where_all_is_well(analysis: Analysis) -> None:
    utterances = tuple(
        replace(
            u,
            hotspots=tuple(s for s in u.hotspots if s.used_by_model),
            modalities={"words": u.modalities["words"]},
        )
        for u in analysis.utterances
        if u.emotion != "unsure"
    )
    model = replace(analysis.model, licence="", limits=())
    assert notices(replace(analysis, utterances=utterances, warnings=(), model=model)) == []


def test_unsure_answers_are_counted(analysis: Analysis) -> None:
    assert texts(analysis, "unsure") == ["2 of 10 utterances are unsure: no class reached 40%."]


def test_estimates_are_told(analysis: Analysis) -> None:
    assert texts(analysis, "estimated") == []
    told = replace(analysis, speakers_from="transcript", words_from="transcript")
    assert texts(told, "estimated") == []
    heard = replace(analysis, speakers_from="voices", words_from="whisper base")
    speakers, words = texts(heard, "estimated")
    assert "told apart by the sound of their voices" in speakers
    assert "recognised by whisper base" in words


def test_the_one_utterance_is_unsure(analysis: Analysis) -> None:
    one = replace(analysis, utterances=(analysis.utterances[3],))
    assert texts(one, "unsure") == ["The one utterance is unsure: no class reached 40%."]
    two = replace(analysis, utterances=analysis.utterances[3:5])
    assert texts(two, "unsure") == ["1 of 2 utterances is unsure: no class reached 40%."]


def test_what_was_not_read_is_not_called_unsure(analysis: Analysis) -> None:
    unread = {"voice": ModalityFinding(True, False)}
    third = replace(analysis.utterances[3], modalities=unread)
    changed = replace(
        analysis, utterances=(*analysis.utterances[:3], third, *analysis.utterances[4:])
    )
    assert texts(changed, "unread") == [
        "The model read nothing of 1 of 10 utterances: no answer is given."
    ]
    assert texts(changed, "unsure") == ["1 of 10 utterances is unsure: no class reached 40%."]
    assert (unread_count(changed), unsure_count(changed)) == (1, 1)
    alone = replace(analysis, utterances=(third,))
    assert "nothing of the one utterance" in texts(alone, "unread")[0]
    assert texts(alone, "unsure") == texts(analysis, "unread") == []


def test_one_voice_is_not_told_from_another(analysis: Analysis) -> None:
    alone = tuple(replace(u, speaker="speaker 1") for u in analysis.utterances)
    assert texts(replace(analysis, utterances=alone, speakers_from="voices"), "estimated") == []


def test_what_is_folded_is_named_in_one_line(analysis: Analysis) -> None:
    found = notices(analysis)
    assert [n.kind for n in found] == ["warning", "unsure", "use", "absent", "unused", "unused"]
    assert [n.folded for n in found] == [False, False, True, True, True, True]
    assert folded_said(found) == "Use and limits; not measured: face; not used: voice, face"
    assert folded_said(found[:2]) == ""
    assert folded_said(found[-2:]) == "Not used: voice, face"

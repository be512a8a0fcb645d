from dataclasses import replace

import pytest

from emospot.media.tier_names import understood
from emospot.report.speaker_tiers import speaker_tiers


def test_rows_are_side_by_side(analysis):
    mara, jonas = speaker_tiers(analysis.utterances)
    assert (mara.speaker, jonas.speaker) == ("Mara", "Jonas")
    assert mara.names == ("Mara", "Mara - emotion", "Mara - confidence")
    for own in (mara, jonas):
        rows = (own.texts, own.emotions, own.confidences)
        for place, one in enumerate(own.utterances):
            assert {(row[place].start, row[place].end) for row in rows} == {(one.start, one.end)}
            assert [row[place].text for row in rows] == [
                one.text, one.emotion, f"{one.confidence:.4f}",
            ]  # fmt: skip
    assert len(mara.utterances) + len(jonas.utterances) == len(analysis.utterances)


@pytest.mark.parametrize(
    "speaker", ["text", "Anna", "words", "Anna - emotion", "voice hotspots", "Jean-Luc", "", "A@b"]
)
def test_a_speaker_of_any_name_is_told_by_the_names(analysis, speaker):
    one = replace(analysis.utterances[0], speaker=speaker)
    again = replace(one, id="again")  # at the same time
    named = speaker or "speaker"
    for own in speaker_tiers([one, again]):
        assert own.speaker == speaker
        said, felt, sure = (understood(name) for name in own.names)
        whose = own.names[0] if said is None else said.speaker
        assert (whose, felt.speaker, sure.speaker) == (named, named, named)
        assert (felt.role, sure.role) == ("emotion", "confidence")
    names = [name for own in speaker_tiers([one, again]) for name in own.names]
    assert len(set(names)) == 6


def test_what_has_no_times_is_left_out(bare_text):
    assert speaker_tiers(bare_text.utterances) == []
    assert speaker_tiers([]) == []

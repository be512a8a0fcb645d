import base64
import io
from dataclasses import replace

import pytest
from PIL import Image

from emospot.analysis.types import Analysis, HotspotFinding
from emospot.errors import FeatureError
from emospot.report.face_strip import FaceStill, face_apexes, face_spot, stills_of


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_the_data_uri_holds_the_picture(kind: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(buffer, kind)
    head, body = FaceStill(1.0, buffer.getvalue()).data_uri.split(",")
    assert head == f"data:image/{kind};base64"
    assert Image.open(io.BytesIO(base64.b64decode(body))).size == (6, 4)


@pytest.mark.parametrize("image", [b"", b"<svg onload=alert(1)>", b"GIF89a"])
def test_other_bytes_are_refused(image: bytes) -> None:
    with pytest.raises(FeatureError, match=r"still at 2\.50 s .* expected a JPEG or PNG"):
        FaceStill(2.5, image)


def test_an_utterance_without_times_has_no_stills(analysis: Analysis) -> None:
    still = FaceStill(1.0, b"\xff\xd8\xff")
    first = analysis.utterances[0]
    assert stills_of(first, [still]) == (still,)
    assert stills_of(replace(first, end=None), [still]) == ()


def test_the_apexes_of_the_strongest_hotspots_of_the_face(analysis: Analysis) -> None:
    def face(start: float | None, end: float | None, score: float, apex: float | None = None):
        return HotspotFinding("face", start, end, score, "x", False, apex=apex)

    spots = (
        face(1.0, 2.0, 0.5, apex=1.2),
        face(5.0, 7.0, 0.9),  # no apex: the middle
        face(None, None, 1.0),  # without times there is no picture
        face(8.0, 9.0, 0.1),
        HotspotFinding("voice", 3.0, 4.0, 1.0, "x", False),
    )
    utterance = replace(analysis.utterances[0], hotspots=spots)
    assert face_apexes([utterance]) == [1.2, 6.0, 8.5]
    assert face_apexes([utterance], most=2) == [1.2, 6.0]
    assert face_apexes([]) == []


def test_a_picture_shows_the_strongest_hotspot_of_its_moment(analysis: Analysis) -> None:
    utterance = analysis.utterances[2]
    weak = HotspotFinding("face", 8.0, 8.6, 0.2, "smile", False)
    timeless = HotspotFinding("face", None, None, 0.9, "smile", False)
    both = replace(utterance, hotspots=(weak, timeless, *utterance.hotspots))
    assert face_spot(both, 8.5).fired_by == "brow raise"
    assert face_spot(both, 6.1) is None

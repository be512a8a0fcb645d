import base64
import io
from dataclasses import replace

import pytest
from PIL import Image

from emospot.analysis.types import Analysis
from emospot.errors import FeatureError
from emospot.report.face_strip import FaceStill, stills_of


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

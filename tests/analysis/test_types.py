import json
from dataclasses import replace

import pytest


def test_json_keeps_everything(sample_analysis):
    assert json.loads(sample_analysis.to_json()) == json.loads(
        json.dumps(sample_analysis.to_dict())
    )


def test_json_keeps_letters_as_they_are(sample_analysis):
    assert "naïve" in replace(sample_analysis, recording="naïve.wav").to_json()


def test_a_number_that_json_does_not_know_is_refused(sample_analysis):
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(sample_analysis, duration=float("nan")).to_json()

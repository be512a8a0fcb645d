"""One analysis as one HTML file that needs nothing else.

The page is for an analyst who doubts what it says: the evidence stands beside
every claim, and what the model did not read is never drawn as a reason. All
content is in the HTML itself; the script only adds playing, zooming, keys,
filters and the gate view, so that a page without scripts still says all, and
paper what was open.

Speaker names, transcripts and file names are foreign text. They are escaped by
the template engine, and a content security policy allows our own script only
(by its hash), so that nothing in them can run or fetch anything.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from emospot.analysis.types import Analysis
from emospot.files import write_file
from emospot.report.clock import clock, number
from emospot.report.effects import points
from emospot.report.face_strip import FaceStill, face_spot
from emospot.report.modalities import (
    NOT_USED,
    NOTHING_READ,
    answer_of,
    features_said,
    gate_said,
    modality_rows,
)
from emospot.report.moments import strongest_moments
from emospot.report.notices import (
    folded_said,
    notices,
    sentence,
    unread_count,
    unsure_count,
)
from emospot.report.pages import environment, source
from emospot.report.palette import emotion_styles
from emospot.report.player import Player, find_player
from emospot.report.shifts import emotion_shifts
from emospot.report.summary import summarize
from emospot.report.thresholds import threshold_of, thresholds_said, usual_threshold
from emospot.report.timeline import build_timeline
from emospot.report.transcript import utterance_views, word_gates

STYLES = ("page.css", "timeline.css", "evidence.css")
SCRIPTS = ("player.js", "timeline.js", "selected.js", "transcript.js", "keys.js", "jumps.js")


def write_report(
    analysis: Analysis,
    path: Path,
    *,
    media: Path | Player | None = None,
    face_strip: Sequence[FaceStill] | None = None,
) -> None:
    """Write the report of an analysis as one self-contained HTML file.

    A failure leaves an older report as it was.

    Args:
        analysis: what is reported.
        path: the HTML file; missing folders are made.
        media: the recording. The page plays it where it lies beneath the report,
            in a folder above it, or is put beside it, and says so if it cannot. A
            player stands for itself, with the address that it has.
        face_strip: pictures of faces, shown in the utterances of their times.

    Raises:
        EmospotError: if the file cannot be written (no space, no permission).
    """
    page = render_report(analysis, path, media=media, face_strip=face_strip)
    # A file name that is not valid Unicode must not lose the whole report.
    data = page.encode("utf-8", "replace")
    write_file(path, data, "the report")


def render_report(
    analysis: Analysis,
    path: Path,
    *,
    media: Path | Player | None = None,
    face_strip: Sequence[FaceStill] | None = None,
) -> str:
    """The report as HTML text; arguments as in `write_report`.

    Args:
        analysis: what is reported.
        path: where the page will lie; nothing is written.
        media: the recording.
        face_strip: pictures of faces.
    """
    script = "\n".join(source(f"script/{name}") for name in SCRIPTS)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            **_content(analysis, face_strip or ()),
            player=find_player(path, media),
            style="\n".join(source(name) for name in STYLES),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def _content(analysis: Analysis, stills: Sequence[FaceStill]) -> dict[str, Any]:
    labels = [
        *analysis.model.labels,
        *(label for u in analysis.utterances for label in (*u.probabilities, u.emotion)),
    ]
    styles = emotion_styles(labels)
    timeline = build_timeline(analysis)
    gates = word_gates(analysis)
    shifts = emotion_shifts(analysis)
    places = [place for row in shifts for shift in row.shifts for place in shift.places]
    return {
        "analysis": analysis,
        "styles": styles,
        "timeline": timeline,
        "utterances": utterance_views(analysis, styles, stills),
        "summary": summarize(analysis),
        "modalities": modality_rows(analysis),
        "shifts": shifts,
        "stepped_over": any(place.unsure_between for place in places),
        "moments": strongest_moments(analysis),
        "notices": notices(analysis),
        "unsure": unsure_count(analysis),
        "unread": unread_count(analysis),
        "has_gates": bool(gates),
        "data": {
            "seconds": timeline.seconds if timeline else None,
            "labels": list(styles),
            "gates": gates,
        },
    }


@cache
def _environment() -> Environment:
    made = environment()
    # Without blanks; the rest of a long recording's data is numbers.
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    made.globals |= {"NOT_USED": NOT_USED, "NOTHING_READ": NOTHING_READ}
    made.filters |= {"clock": clock, "number": number, "sentence": sentence}
    made.filters |= {"points": points, "face_spot": face_spot, "gate_said": gate_said}
    made.filters |= {"answer": answer_of, "features_said": features_said}
    made.filters |= {"folded_said": folded_said}
    made.filters |= {
        "threshold_of": threshold_of,
        "usual_threshold": usual_threshold,
        "thresholds_said": thresholds_said,
    }
    return made

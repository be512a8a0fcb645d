"""An analysis read back from its JSON.

The JSON is held against the types of `analysis.types`: a field of another kind, one that is
missing or another version is an error that names the place, so that a file which was
edited or cut does not fail far from its cause. Fields that are not known are passed over,
and those that newer versions have added may be absent.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emospot.analysis.types import FORMAT_VERSION, Analysis
from emospot.errors import AnalysisError

if TYPE_CHECKING:
    from pydantic import ValidationError

_MOST_TOLD = 3
_AGAIN = "analyse the recording again, or name the file that emospot analyze wrote"


def read_analysis(path: Path) -> Analysis:
    """Read the file that `emospot analyze` wrote.

    Args:
        path: NAME.analysis.json.

    Raises:
        AnalysisError: if it is not there or is no analysis; names file and place.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AnalysisError(f"{path}: cannot be read ({error.strerror}); {_AGAIN}") from error
    except UnicodeDecodeError as error:
        raise AnalysisError(f"{path}: is not UTF-8 (byte {error.start}); {_AGAIN}") from error
    return analysis_from_json(text, str(path))


def analysis_from_json(text: str, name: str = "the analysis") -> Analysis:
    """The analysis of a JSON text, see `analysis_from_dict`."""
    try:
        plain = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise AnalysisError(f"{name}: is no JSON ({error}); {_AGAIN}") from error
    return analysis_from_dict(plain, name)


def analysis_from_dict(plain: Any, name: str = "the analysis") -> Analysis:
    """The analysis that `Analysis.to_dict` gave, also after a way through JSON.

    Args:
        plain: lists, dictionaries, texts and numbers.
        name: of the file, for messages.

    Raises:
        AnalysisError: if it is of another version, or a field is missing or of another kind.
    """
    from pydantic import TypeAdapter, ValidationError

    if not isinstance(plain, Mapping) or "utterances" not in plain:
        what = "a dictionary without utterances" if isinstance(plain, Mapping) else "no dictionary"
        raise AnalysisError(f"{name}: found {what}, expected an analysis; {_AGAIN}")
    version = plain.get("format_version", FORMAT_VERSION)
    if version != FORMAT_VERSION:
        raise AnalysisError(
            f"{name}: is of format version {version}, and this emospot reads version "
            f"{FORMAT_VERSION}; {_AGAIN}"
        )
    try:
        # Strictly, but through JSON, where a list may stand for a tuple and 1 for 1.0.
        return TypeAdapter(Analysis).validate_json(json.dumps(plain), strict=True)
    except (TypeError, ValueError) as error:
        said = _said(error) if isinstance(error, ValidationError) else str(error)
        raise AnalysisError(f"{name}: {said}; {_AGAIN}") from error


def _said(error: "ValidationError") -> str:
    """The first problems with their places."""
    problems = error.errors(include_url=False)
    told = [
        f"{'.'.join(map(str, one['loc'])) or 'the analysis'}: {one['msg'].lower()}"
        + (f", found {str(one['input'])[:40]!r}" if one["type"] != "missing" else "")
        for one in problems[:_MOST_TOLD]
    ]
    more = len(problems) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")

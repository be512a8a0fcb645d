"""The form of a results.json, and reading one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emospot.errors import ConfigError
from emospot.experiments.study import Study, parse_study

FORMAT_VERSION = 1
DIGITS = 5
"""After the point, of figures."""


def read_results(path: Path) -> tuple[Study, dict[str, Any]]:
    """The study as it was run, and the content of a results.json.

    Raises:
        ConfigError: if it is missing, damaged or of another version.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path} is not valid JSON: {error}") from None
    version = values.get("format_version") if isinstance(values, dict) else None
    if version != FORMAT_VERSION:
        raise ConfigError(
            f"{path} has format version {version}, this emospot reads {FORMAT_VERSION}"
        )
    if "study" not in values:
        raise ConfigError(f"{path} is not of a study of models; it cannot be run again")
    study = parse_study(values["study"], str(path))
    return study.as_recorded(values["configurations"]), values


def short(value: Any, digits: int = DIGITS) -> Any:
    """A value as results files hold it: its numbers rounded, however deep they lie.

    >>> short({"mean": 0.1234567, "seeds": (0.1, 1 / 3)})
    {'mean': 0.12346, 'seeds': [0.1, 0.33333]}
    """
    if isinstance(value, Mapping):
        return {name: short(one, digits) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [short(one, digits) for one in value]
    return round(value, digits) if isinstance(value, float) else value


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores as a results file holds them."""
    return {metric: round(value, DIGITS) for metric, value in scores.items()}

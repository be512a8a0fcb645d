"""Named errors: what was found, what was expected, what to do.

Every error that a user can cause derives from `EmospotError`. The command line
prints its message as one line and ends with its `exit_status`; a traceback is
shown only with `--debug`.
"""

from collections.abc import Iterable


class EmospotError(Exception):
    """Base of every error that emospot raises on purpose."""

    exit_status = 1


class UsageError(EmospotError):
    """A wrong argument or option."""

    exit_status = 2


class ConfigError(UsageError):
    """A configuration with an unknown key, a wrong type or an impossible combination."""


class MediaError(EmospotError):
    """A recording that is missing, corrupt or without the stream that was asked for."""


class TranscriptError(EmospotError):
    """A transcript or annotation file that cannot be read."""


class AnalysisError(EmospotError):
    """An `analysis.json` that cannot be read."""


class FeatureError(EmospotError):
    """Features that are malformed: wrong width, NaN, no tokens."""


class MissingExtraError(EmospotError):
    """A part that needs an optional installation, for example `emospot[face]`.

    Args:
        what: what was asked for, e.g. "face features".
        extra: the extra that brings it, e.g. "face".
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} need the extra [{extra}]: pip install 'emospot[{extra}]'")
        self.what, self.extra = what, extra

    def __reduce__(self) -> tuple[type["MissingExtraError"], tuple[str, str]]:
        """Made anew from its own arguments, where it comes out of another process."""
        return type(self), (self.what, self.extra)


class StoreError(EmospotError):
    """A feature store that is missing, incomplete or of another version."""


class CorpusError(EmospotError):
    """A corpus whose files do not have the published structure."""


class ModelError(EmospotError):
    """A model that cannot be read, or that does not fit the features it is given."""


class ShapeError(EmospotError):
    """An array or tensor of another shape than documented."""


def some(names: Iterable[str]) -> str:
    """The first of many names, as a message has them.

    >>> some(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    listed = list(names)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more

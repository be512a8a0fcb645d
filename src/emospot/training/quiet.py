"""Lightning without its banners and hints, which are not for our users."""

import logging
import warnings


class quiet:  # noqa: N801
    """A context in which Lightning and Python's warnings are silent."""

    def __enter__(self) -> None:
        self.logger = logging.getLogger("lightning.pytorch")
        self.level = self.logger.level
        self.logger.setLevel(logging.ERROR)
        self.catcher = warnings.catch_warnings()
        self.catcher.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *error: object) -> None:
        self.catcher.__exit__(None, None, None)
        self.logger.setLevel(self.level)

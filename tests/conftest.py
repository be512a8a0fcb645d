"""Fixtures that several tests share."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, from EMOSPOT_DATA; the test is skipped where it is absent."""
    folder = Path(os.environ.get("EMOSPOT_DATA", REPOSITORY / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"needs real data: no folder {folder} (set EMOSPOT_DATA)")
    return folder

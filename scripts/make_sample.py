"""Make the bundled sample: `python scripts/make_sample.py [FOLDER]`.

Needs the program espeak-ng (Debian: `apt-get install espeak-ng`), the extra
[face] and the package scikit-image, which carries the portrait. Writes the
conversation with its transcript, the face video and what was planted in it,
by default into `src/emospot/sample`. The same versions of espeak-ng and of the
encoders give the same bytes.
"""

import argparse
import dataclasses
import json
from pathlib import Path

from sample_conversation import make_conversation
from sample_face import Planted, make_face

SAMPLE = Path(__file__).resolve().parent.parent / "src" / "emospot" / "sample"
MOST_BYTES = 400_000


def main() -> None:
    """Write all files of the sample and say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLE)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    placed = make_conversation(folder / "conversation.ogg", folder / "conversation.srt")
    print(f"{len(placed)} turns, {placed[-1].end:.1f} s")
    planted = make_face(folder / "face.mp4")
    (folder / "face.truth.json").write_text(_truth(planted), encoding="utf-8")
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}
    for name, size in sizes.items():
        print(f"{size:7d} {name}")
    if sum(sizes.values()) > MOST_BYTES:
        raise SystemExit(f"the sample has {sum(sizes.values())} bytes, more than {MOST_BYTES}")


def _truth(planted: tuple[Planted, ...]) -> str:
    truth = {
        "unit": "seconds",
        "tolerance": 0.25,
        "hotspots": [dataclasses.asdict(movement) for movement in planted if movement.fired_by],
        "blinks": [
            {"onset": movement.onset, "offset": movement.offset}
            for movement in planted
            if not movement.fired_by
        ],
    }
    return json.dumps(truth, indent=2) + "\n"


if __name__ == "__main__":
    main()

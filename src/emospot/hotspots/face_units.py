"""Hotspots of the face from action units, where OpenFace has measured them.

The same rule as `face_expression`, with each action unit as a movement of its own: held
against the person's own neutral, opened, and told from onset to offset. OpenFace gives
intensities from 0 to 5; half of that is a strong expression here, the one number that
was chosen (on acted clips of twelve people, by which of two is the strong one).
Blinks (AU45) are no expression.

emospot measures no action units itself: this is for whoever has them.
"""

from emospot.hotspots.face_expression import ExpressionHotspots, Movement

INTENSITIES = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26)
"""The action units that OpenFace gives intensities of, without the blink."""

FULL = 2.5

UNITS = tuple(
    Movement(f"AU{unit:02}", {f"AU{unit:02}_r": 1.0}, full=FULL, leak=0.0) for unit in INTENSITIES
)


class ActionUnitHotspots(ExpressionHotspots):
    """Finds expressions in tokens with OpenFace's columns `AU01_r` to `AU26_r` and times."""

    name = "units"
    reads: tuple[str, ...] = ("openface",)

    def __init__(self) -> None:
        super().__init__(UNITS, turns=())

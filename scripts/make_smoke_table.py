"""Write the small table of the study `smoke`: made-up dialogues of two in four moods.

    python scripts/make_smoke_table.py

The sentences are patterns with words filled in; a mood mostly stays from turn to
turn, so that both the words and the context tell something. Nothing of it is real.
"""

import csv
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parent.parent / "src/emospot/experiments/studies/smoke.csv"
DIALOGUES, TURNS, STAYS = 36, 8, 0.6
PATTERNS = {
    "happiness": ("I love this {thing}, it is wonderful.", "What a lovely {thing}, thank you!",
                  "We are so happy about the {thing}."),
    "sadness": ("I miss the old {thing}, I could cry.", "I am so sorry about the {thing}.",
                "Without the {thing} I feel lonely."),
    "neutral": ("The {thing} is on the table.", "Did you see the {thing} on Monday?",
                "I will bring the {thing} at nine."),
    "anger": ("I hate that {thing}, leave me alone!", "You ruined the {thing} again!",
              "This {thing} makes me furious."),
}  # fmt: skip
FILLERS = ("Well, I do not know.", "Yes, the {thing}.", "And the {thing}?", "Okay.")
THINGS = ("house", "letter", "party", "car", "garden", "song", "dress", "dinner", "photo", "job")


def main() -> None:
    """Write the table."""
    random = np.random.default_rng(7)
    with TARGET.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        columns = ("dialogue", "utterance", "speaker", "start", "end", "text", "emotion", "split")
        table.writerow(columns)
        for dialogue in range(DIALOGUES):
            split = "test" if dialogue >= DIALOGUES * 3 // 4 else "train"
            mood = str(random.choice(list(PATTERNS)))
            for turn in range(TURNS):
                if random.random() > STAYS:
                    mood = str(random.choice(list(PATTERNS)))
                patterns = FILLERS if random.random() < 0.25 else PATTERNS[mood]
                text = str(random.choice(patterns)).format(thing=random.choice(THINGS))
                place = [f"d{dialogue:02}", f"d{dialogue:02}-{turn}", "AB"[turn % 2]]
                table.writerow([*place, 3 * turn, 3 * turn + 2, text, mood, split])


if __name__ == "__main__":
    main()

"""`emospot speakers`: how well voices are told apart."""

from pathlib import Path
from typing import Annotated

import typer

from emospot.cli.console import note, progress, say, say_json

app = typer.Typer(help="Who speaks: how well voices are told apart.", no_args_is_help=True)


@app.callback()
def speakers() -> None:
    """Who speaks: how well voices are told apart."""


@app.command("benchmark")
def benchmark(
    out: Annotated[Path, typer.Option(help="Folder of speakers.json and table.md.")],
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Measure how well voices are told apart where it is known who speaks when.

    The recordings lie in the folder that EMOSPOT_DATA names (docs/corpora.md).

    Example: emospot speakers benchmark --out OUT
    """
    from emospot.corpora.speaker_truths import TALKS
    from emospot.experiments.speakers_study import run_speakers
    from emospot.experiments.speakers_tables import speakers_page
    from emospot.experiments.study import data_folder
    from emospot.files import make_folder, write_file, write_json

    make_folder(out)
    with progress(quiet=json_output) as bar:
        task = bar.add_task("", total=TALKS + 1)
        results = run_speakers(
            data_folder(), tell=lambda stage: bar.update(task, description=stage, advance=1)
        )
    page = speakers_page(results)
    write_json(out / "speakers.json", results, indent=None)
    write_file(out / "table.md", page.encode())
    if json_output:
        say_json(results)
        return
    say(page)
    note(f"written: {out}/speakers.json, table.md")

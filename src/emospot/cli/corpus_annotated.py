"""`emospot corpus import annotated`: analyses that people have corrected, back in."""

from pathlib import Path
from typing import Annotated

import typer

from emospot.cli.console import names, pair
from emospot.cli.corpus_kinds import run_import
from emospot.cli.engine_options import Address, EngineName, Missing, Workers
from emospot.cli.hotspot_options import DetectorChoices, Marks, marks_of
from emospot.errors import UsageError


def import_annotated(
    files: Annotated[
        list[Path], typer.Argument(help="ELAN files (.eaf), TextGrids, or folders of them.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the store.")],
    label_set: Annotated[
        str | None, typer.Option(help="Label set of the emotions, by its name.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Or its labels in order, separated by commas.")
    ] = None,
    no_label: Annotated[
        str | None,
        typer.Option(help='What means "no label" besides unsure; separated by commas.'),
    ] = None,
    tier: Annotated[
        list[str] | None,
        typer.Option(
            help="WHAT=TIER, where a tier's name does not say what it holds: utterances, "
            "emotion, voice hotspots (words, face), ignore; may be repeated."
        ),
    ] = None,
    media: Annotated[
        Path | None,
        typer.Option(
            help="The recording, or the folder of the recordings; without it, where the "
            "files say, or beside them under the same name."
        ),
    ] = None,
    split: Annotated[str | None, typer.Option(help="train, dev or test, of all files.")] = None,
    listed: Annotated[
        Path | None,
        typer.Option(
            "--list", help="CSV with the columns file and any of split, media, dialogue."
        ),
    ] = None,
    words: Annotated[str, typer.Option(help="Words extractor, or none.")] = "minilm-l6",
    voice: Annotated[str, typer.Option(help="Voice extractor, or none.")] = "none",
    face: Annotated[str, typer.Option(help="Face extractor, or none.")] = "none",
    detector: DetectorChoices = None,
    marks: Marks = None,
    missing: Missing = "error",
    engine: EngineName = None,
    workers: Workers = None,
    address: Address = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Import analyses that people have corrected in ELAN or Praat.

    Emotions become labels; tiers of hotspots become marks (--marks voice=corpus).

    Example: emospot corpus import annotated corrected/ --split train --out STORE

    Example: emospot corpus import annotated a.eaf b.TextGrid --list files.csv --out STORE
    --marks voice=corpus --voice basic
    """
    from emospot.cli.corpus import describe
    from emospot.corpora.annotated import AnnotatedOptions, read_annotated
    from emospot.corpora.engines import engine_of
    from emospot.corpora.instruments import corpus_instruments

    told = [pair(text, "--tier") for text in tier or ()]
    tiers = {name: what for what, name in told}
    if len(tiers) < len(told):
        raise UsageError("--tier names a tier twice: a tier holds one thing")
    measured_by = engine_of(engine, workers, address)
    corpus = read_annotated(
        files,
        AnnotatedOptions(
            label_set=label_set,
            labels=names(labels),
            no_label=names(no_label),
            tiers=tiers,
            media=media,
            split=split,
            listed=listed,
        ),
    )
    by = corpus_instruments(
        {},
        words=words,
        voice=voice,
        face=face,
        detectors=detector or (),
        marks=marks_of(marks, corpus),
    )
    run_import(corpus, out, by, measured_by, missing, "float16", quiet=json_output)
    describe(out, json_output=json_output)

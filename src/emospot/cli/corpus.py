"""`emospot corpus`: import a corpus into a store, describe a store, ceilings of planted ones."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emospot.cli.console import names, note, pair, progress, say, say_json, table
from emospot.cli.corpus_annotated import import_annotated
from emospot.cli.corpus_kinds import add_kinds
from emospot.cli.engine_options import Address, EngineName, Workers
from emospot.cli.hotspot_options import DetectorChoices, Marks, marks_of
from emospot.errors import UsageError

if TYPE_CHECKING:
    from emospot.evaluation.significance import Interval

app = typer.Typer(help="Import a corpus into a store, or describe a store.", no_args_is_help=True)
importing = typer.Typer(help="Import a corpus into a store.", no_args_is_help=True)
app.add_typer(importing, name="import")


@importing.command("table")
def import_table(
    source: Annotated[Path, typer.Argument(help="CSV, TSV or Parquet, one row an utterance.")],
    out: Annotated[Path, typer.Option(help="Folder of the store.")],
    columns: Annotated[
        list[str] | None,
        typer.Option(help="ours=theirs, e.g. emotion=label6 (dialogue, utterance, speaker, …)."),
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(help="modality=column[:extractor], e.g. voice=audio_ge2e:ge2e."),
    ] = None,
    label_set: Annotated[
        str | None, typer.Option(help="Label set of the column emotion, by its name.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Or its labels in order, separated by commas.")
    ] = None,
    no_label: Annotated[
        str | None, typer.Option(help="Cells that mean: no label; separated by commas.")
    ] = None,
    targets: Annotated[
        str | None, typer.Option(help="Numeric columns to keep, separated by commas.")
    ] = None,
    words: Annotated[str, typer.Option(help="Words extractor, or none.")] = "minilm-l6",
    voice: Annotated[str, typer.Option(help="Voice extractor of recordings, or none.")] = "none",
    face: Annotated[str, typer.Option(help="Face extractor of recordings, or none.")] = "none",
    detector: DetectorChoices = None,
    marks: Marks = None,
    missing: Annotated[
        str,
        typer.Option(
            help="NaN or zero rows of a feature column: error or absent; a recording that cannot "
            "be read: error (at the end), absent (no voice and face) or skip (the conversation)."
        ),
    ] = "error",
    engine: EngineName = None,
    workers: Workers = None,
    address: Address = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Import a table; goes on where an interrupted import stopped.

    Example: emospot corpus import table DATA.parquet --out STORE
    --columns emotion=feeling --labels calm,angry,glad --feature voice=voice_vector:ge2e
    """
    from emospot.corpora.engines import engine_of
    from emospot.corpora.instruments import NONE, corpus_instruments
    from emospot.corpora.table import FeatureColumn, TableOptions
    from emospot.corpora.table import import_table as run_import

    options = TableOptions(
        columns=dict(pair(text, "--columns") for text in columns or ()),
        label_set=label_set,
        labels=names(labels),
        no_label=names(no_label),
        features={
            modality: FeatureColumn(*column.split(":", 1))
            for modality, column in (pair(text, "--feature") for text in feature or ())
        },
        targets=names(targets),
        missing=missing,
    )
    measured_by = engine_of(engine, workers, address)
    asked = NONE if "words" in options.features else words
    instruments = corpus_instruments(
        dict.fromkeys(options.features, ""),
        words=asked,
        voice=voice,
        face=face,
        detectors=detector or (),
        marks=marks_of(marks),
    )
    with progress(quiet=json_output) as bar:
        task = bar.add_task(source.name, total=1)
        summary = run_import(
            source,
            out,
            options,
            instruments,
            lambda done, total: bar.update(task, completed=done, total=total),
            measured_by,
        )
    for notice in summary.notices:
        note(f"warning: {notice}")
    if not json_output:
        say(f"imported {summary.corpus} into {out}")
    describe(out, json_output=json_output)


@app.command("describe")
def describe(
    store: Annotated[Path, typer.Argument(help="A store.")],
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show splits, labels, modalities, missing parts, hotspots and leaks of a store.

    Example: emospot corpus describe STORE
    """
    from emospot.corpora.describe import describe as run_describe
    from emospot.features.store import FeatureStore

    description = run_describe(FeatureStore.open(store))
    if json_output:
        say_json(description.to_dict())
        return
    splits = description.split_rows()
    counts = [
        {name: row[name] for name in row if name not in description.labels} for row in splits
    ]
    by_label = [
        {"label": label, **{row["split"]: row[label] for row in splits}}
        for label in description.labels
    ]
    for title, rows in (
        (f"{description.corpus}: splits", counts),
        ("labels", by_label),
        ("modalities", description.modality_rows()),
    ):
        if rows:
            cells = [[_cell(value) for value in row.values()] for row in rows]
            table(title, [name.replace("_", " ") for name in rows[0]], cells)
    for warning in description.warnings:
        note(f"warning: {warning}")


@app.command("ceiling")
def ceiling(
    source: Annotated[
        Path, typer.Argument(help="A world (easy, standard, hard, long) or a YAML file.")
    ],
    split: Annotated[str, typer.Option(help="Which conversations: train, dev or test.")] = "test",
    causal: Annotated[
        bool, typer.Option("--causal", help="Nothing is known of later turns.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show the best possible score on planted conversations, and what less knowledge is worth.

    Example: emospot corpus ceiling standard
    """
    from emospot.corpora.planted import SPLITS, planted_source
    from emospot.evaluation.planted_ceiling import planted_ceilings

    wanted = planted_source(source)
    if not wanted.counts.get(split):
        there = ", ".join(name for name in SPLITS if wanted.counts.get(name))
        raise UsageError(f"{source} has no conversations of the split {split}, only of {there}")
    dialogues = list(wanted.drawn(split))
    with progress(quiet=json_output) as bar:
        task = bar.add_task(str(source), total=1)
        found = planted_ceilings(
            wanted.planted,
            dialogues,
            causal=causal,
            tell=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if json_output:
        say_json([asdict(one) for one in found])
        return
    count = sum(len(one) for one in dialogues)
    table(
        f"{source}, {split}: {count} utterances of {len(dialogues)} conversations",
        ["what is known", "accuracy", "expected", "weighted F1", "F1 of hotspots"],
        [
            [
                one.knowledge,
                _interval(one.accuracy),
                f"{100 * one.expected:.1f}",
                _interval(one.weighted_f1),
                _interval(one.hotspot_f1),
            ]
            for one in found
        ],
    )


importing.command("annotated")(import_annotated)
add_kinds(importing, describe)


def _interval(found: "Interval | None") -> str:
    if found is None:
        return ""
    return f"{100 * found.value:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

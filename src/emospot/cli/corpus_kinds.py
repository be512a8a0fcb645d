"""`emospot corpus import KIND`: one command for each corpus that has a reader."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.models import OptionInfo

from emospot.cli.console import note, progress, say
from emospot.cli.engine_options import Address, EngineName, Missing, Workers
from emospot.cli.hotspot_options import DetectorChoices, Marks, marks_of
from emospot.corpora.kinds import KINDS, CorpusKind

if TYPE_CHECKING:
    from emospot.corpora.corpus import Corpus
    from emospot.corpora.engines import Engine
    from emospot.corpora.measuring import Instruments


def add_kinds(app: typer.Typer, describe: Callable[..., None]) -> None:
    """Add a command for each corpus.

    Args:
        app: gets the commands.
        describe: shows a store; called with its folder and `json_output`.
    """
    for kind in KINDS:
        app.command(kind.name, help=_help(kind))(_command(kind, describe))


def _help(kind: CorpusKind) -> str:
    return (
        f"{kind.title}\n\nGoes on where an interrupted import stopped.\n\n"
        f"Example: emospot corpus import {kind.name} {kind.example} --out STORE"
    )


def _own(kind: CorpusKind, name: str) -> OptionInfo:
    """An option that only some corpora have; the others do not show it."""
    option: OptionInfo = typer.Option(help=kind.options.get(name), hidden=name not in kind.options)
    return option


def _command(kind: CorpusKind, describe: Callable[..., None]) -> Callable[..., None]:
    tasks = f"One of: {', '.join(kind.tasks)}; without it, the first." if kind.tasks else "None."

    def import_kind(
        source: Annotated[Path, typer.Argument(help=kind.source)],
        out: Annotated[Path, typer.Option(help="Folder of the store.")],
        task: Annotated[
            str | None, typer.Option(help=f"Which labels. {tasks}", hidden=not kind.tasks)
        ] = None,
        splits: Annotated[Path | None, _own(kind, "splits")] = None,
        tokens: Annotated[str | None, _own(kind, "tokens")] = None,
        words: Annotated[
            str | None,
            typer.Option(
                help="Words extractor, or none; without it, minilm-l6 unless the corpus has "
                "ready-made features of words."
            ),
        ] = None,
        voice: Annotated[
            str, typer.Option(help="Voice extractor of recordings, or none.")
        ] = "none",
        face: Annotated[str, typer.Option(help="Face extractor of recordings, or none.")] = "none",
        detector: DetectorChoices = None,
        marks: Marks = None,
        missing: Missing = "error",
        engine: EngineName = None,
        workers: Workers = None,
        address: Address = None,
        value_type: Annotated[
            str, typer.Option(help="Numbers on disk: float16 or float32.")
        ] = "float16",
        json_output: Annotated[
            bool, typer.Option("--json", help="Print the result as JSON.")
        ] = False,
    ) -> None:
        from emospot.corpora.engines import engine_of
        from emospot.corpora.instruments import corpus_instruments

        measured_by = engine_of(engine, workers, address)
        corpus = kind.read(source, task, splits=splits, tokens=tokens)
        by = corpus_instruments(
            corpus.ready_made,
            words=words,
            voice=voice,
            face=face,
            detectors=detector or (),
            marks=marks_of(marks, corpus),
        )
        run_import(corpus, out, by, measured_by, missing, value_type, quiet=json_output)
        describe(out, json_output=json_output)

    return import_kind


def run_import(
    corpus: "Corpus",
    out: Path,
    instruments: "Instruments",
    engine: "Engine",
    missing: str,
    value_type: str,
    *,
    quiet: bool,
) -> None:
    """Import a corpus with a progress display; what was odd is told.

    Args:
        corpus: what a reader gave.
        out: folder of the store.
        instruments: what measures.
        engine: where.
        missing: as in `import_corpus`.
        value_type: as in `import_corpus`.
        quiet: show nothing but warnings.
    """
    from emospot.corpora.importing import import_corpus

    with progress(quiet=quiet) as bar:
        line = bar.add_task(corpus.name, total=1)
        summary = import_corpus(
            corpus,
            out,
            instruments,
            progress=lambda done, total: bar.update(line, completed=done, total=total),
            missing=missing,
            value_type=value_type,
            engine=engine,
        )
    for notice in summary.notices:
        note(f"warning: {notice}")
    if not quiet:
        say(f"imported {summary.corpus} into {out}")

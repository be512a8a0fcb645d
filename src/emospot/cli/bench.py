"""`emospot bench`: speed and memory, measured on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from emospot.cli import bench_all, bench_models
from emospot.cli.console import note, progress, say, say_json, table

app = typer.Typer(help="Measure speed and memory on this machine.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Measure speed and memory on this machine."""


@app.command("analyze")
def analyze(
    recording: Annotated[
        Path | None, typer.Argument(help="A recording; by default the bundled sample.")
    ] = None,
    transcript: Annotated[Path | None, typer.Option(help="Its transcript.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Cores to use.")] = 1,
    repeats: Annotated[int, typer.Option(min=1, help="Runs; the median is shown.")] = 3,
    height: Annotated[
        int | None,
        typer.Option(help="The bundled sample in frames of that height (16 : 9), e.g. 720."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Time the whole raw pipeline by stage, as a share of the media's length.

    Example: emospot bench analyze talk.mp4 --transcript talk.srt

    Example: emospot bench analyze --height 720
    """
    from emospot.bench.analyze import bench_analyze

    result = bench_analyze(recording, transcript, threads=threads, repeats=repeats, height=height)
    if json_output:
        say_json(result.to_dict())
        return
    rows = [[r.stage, f"{r.seconds:.2f}", f"{r.real_time_factor:.4f}"] for r in result.stages]
    say(f"{result.recording}: {result.media_seconds:.1f} s of media")
    table("", ["stage", "s", "real-time factor"], rows)
    cores = "1 core" if threads == 1 else f"{threads} cores"
    say(f"real-time factor {result.real_time_factor:.3f} on {cores}")
    for modality, reason in result.absent.items():
        note(f"without {modality}: {reason}")


@app.command("stream")
def stream(
    recording: Annotated[
        Path | None,
        typer.Argument(help="Of which utterances are cut; by default the bundled sample."),
    ] = None,
    transcript: Annotated[
        Path | None, typer.Option(help="Whose texts are said, one after the other.")
    ] = None,
    model: Annotated[
        str, typer.Option(help="A causal model's name, folder, or run.")
    ] = "bundled-causal",
    turns: Annotated[int, typer.Option(min=1, help="Of the conversation.")] = 300,
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of an utterance.")] = 3.0,
    threads: Annotated[int, typer.Option(min=1, help="Cores to use.")] = 1,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Time from an utterance's end to its answer, early and late in a conversation.

    Features of words and voice are in it, and the model; loading is not.

    Example: emospot bench stream --turns 2000
    """
    from emospot.bench.stream import bench_stream

    with progress(quiet=json_output) as bar:
        task = bar.add_task("turns", total=turns)
        result = bench_stream(
            recording,
            transcript,
            model=model,
            turns=turns,
            seconds=seconds,
            threads=threads,
            tell=lambda done, total: bar.update(task, completed=done),
        )
    if json_output:
        say_json(result.to_dict())
        return
    cores = "1 core" if threads == 1 else f"{threads} cores"
    say(f"{result.model}, utterances of {seconds:g} s, {cores}: ms from an utterance's end")
    head = ["turns", "median", "95 of 100", "of it the model", "numbers kept"]
    rows = [
        [
            f"{part.first:,} to {part.last:,}",
            *(f"{value:.1f}" for value in (part.median, part.tail, part.model)),
            f"{part.kept:,}",
        ]
        for part in (*result.parts, *([result.all] if len(result.parts) > 1 else []))
    ]
    table("", head, rows)


for command in (bench_models.train, bench_models.infer, bench_models.length, bench_models.memory):
    app.command(command.__name__)(command)
app.command("all")(bench_all.everything)

"""`emospot bench all`: every measurement, one after the other, and one file of them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from emospot.cli import bench_models
from emospot.cli.console import note, progress, say, table

MODELS = ("emospot", "emospot, light", "emospot, causal", "CORECT", "CORECT, as published")
HEIGHTS = (360, 720, 1080)
FILE = "bench.json"


def everything(
    out: Annotated[Path, typer.Option(help="Folder for bench.json and the pages.")],
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Model that is measured; may be repeated. Without it, emospot and CORECT."
        ),
    ] = None,
    features: Annotated[
        list[str] | None, typer.Option(help="pooled or tokens; may be repeated. Without it, both.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Of each; the median is shown.")] = 3,
    turns: Annotated[int, typer.Option(min=1, help="Of the live conversation.")] = 300,
) -> None:
    """Measure everything on this machine: a quarter of an hour or more.

    Example: emospot bench all --out speed
    """
    import json

    from emospot.experiments.benchmarks import SPEED
    from emospot.experiments.provenance import provenance
    from emospot.files import make_folder, write_json

    make_folder(out)
    told: dict[str, Any] = {
        "model": list(model or MODELS),
        "features": features,
        "rounds": rounds,
        "out": out,
    }
    # Those of answering one long conversation first: what fails, fails soon.
    for command in (
        bench_models.length,
        bench_models.train,
        bench_models.infer,
        bench_models.memory,
    ):
        command(**told)
    found: dict[str, Any] = {
        what: json.loads((out / f"bench-{what}.json").read_text(encoding="utf-8"))
        for what in ("train", "infer", "length", "memory")
    }
    found["analyze"] = _analyses(rounds)
    found["stream"] = _stream(turns)
    write_json(out / FILE, {"kind": SPEED, "provenance": provenance(), **found})
    note(f"written: {out / FILE}")


def _analyses(rounds: int) -> list[dict[str, Any]]:
    from emospot.bench.analyze import bench_analyze

    found = []
    with progress() as bar:
        task = bar.add_task("recordings", total=len(HEIGHTS))
        for height in HEIGHTS:
            found.append((height, bench_analyze(repeats=rounds, height=height)))
            bar.advance(task)
    say("whole pipeline, recording with one face to report: real-time factor on 1 core")
    stages = [stage.stage for stage in found[0][1].stages]
    rows = [
        [
            f"{height}p",
            f"{one.real_time_factor:.3f}",
            *(f"{s.real_time_factor:.3f}" for s in one.stages),
        ]
        for height, one in found
    ]
    table("", ["pictures", "all", *stages], rows)
    return [{"height": height, **one.to_dict()} for height, one in found]


def _stream(turns: int) -> dict[str, Any]:
    from emospot.bench.stream import bench_stream

    with progress() as bar:
        task = bar.add_task("turns", total=turns)
        found = bench_stream(
            turns=turns, tell=lambda done, total: bar.update(task, completed=done)
        )
    say(
        f"live, {found.model}: {found.all.median:.1f} ms from an utterance's end to its answer, "
        f"{found.all.tail:.1f} ms in 95 of 100"
    )
    return found.to_dict()

"""`emospot bench train`, `infer`, `length`, `memory`: models side by side."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from emospot.cli.console import note, progress, say, say_json, table
from emospot.errors import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

    from emospot.bench.contenders import Contender
    from emospot.bench.models import ModelBench
    from emospot.experiments.study import Study


Against = Annotated[
    str | None, typer.Option(help="Compare with this model; else the study's opponent or primary.")
]
BatchSize = Annotated[int, typer.Option(min=1, help="Conversations a batch, of all models.")]
Device = Annotated[Literal["cpu", "gpu"], typer.Option(help="Where to compute.")]
Features = Annotated[
    list[str] | None, typer.Option(help="Features of the study to read; may be repeated.")
]
Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
Models = Annotated[
    list[str] | None, typer.Option("--model", help="Model of the study; may be repeated.")
]
Out = Annotated[
    Path | None, typer.Option(help="Folder for the figures as JSON and as a page, and the data.")
]
Rounds = Annotated[int, typer.Option(min=1, help="Rounds; the median is shown.")]
StudyName = Annotated[
    str | None,
    typer.Argument(help="A study whose models are measured; else drawn conversations are read."),
]
Threads = Annotated[int, typer.Option(min=1, help="Cores of each model.")]
Utterances = Annotated[int, typer.Option(min=1, help="About how many a pass reads.")]


def _of_speed(what: str, text: str) -> Callable[..., None]:
    """A command that measures utterances a second."""

    def command(
        study: StudyName = None,
        model: Models = None,
        features: Features = None,
        against: Against = None,
        rounds: Rounds = 5,
        threads: Threads = 1,
        batch_size: BatchSize = 8,
        utterances: Utterances = 1000,
        device: Device = "cpu",
        out: Out = None,
        json_output: Json = False,
    ) -> None:
        from emospot.bench.models import bench_speed
        from emospot.bench.process import Settings

        asked = _Asked(study, model, features, against, out, json_output, device)
        how = Settings(threads, device, batch_size, utterances)
        with _prepared(asked) as (loaded, found, store), progress(quiet=json_output) as bar:
            tell = _teller(bar, what)
            bench = bench_speed(
                what, loaded, found, store, how, against=against, count=rounds, tell=tell
            )
        _show(bench, asked)

    command.__name__, command.__doc__ = what, text
    return command


train = _of_speed(
    "train",
    """Training throughput of models, side by side.

    Example: emospot bench train --model emospot --model CORECT

    Example: emospot bench train mine.yaml --features pooled --out OUT
    """,
)
infer = _of_speed(
    "infer",
    """How fast models answer, side by side; features are there already.

    Example: emospot bench infer --features pooled
    """,
)


def length(
    study: StudyName = None,
    lengths: Annotated[
        list[int] | None,
        typer.Option("--length", min=1, help="Utterances of the conversation; may be repeated."),
    ] = None,
    model: Models = None,
    features: Features = None,
    against: Against = None,
    rounds: Rounds = 3,
    threads: Threads = 1,
    device: Device = "cpu",
    memory: Annotated[
        float, typer.Option(min=0.1, help="GB that answering may take, of each model.")
    ] = 8.0,
    out: Out = None,
    json_output: Json = False,
) -> None:
    """What an utterance costs in a short conversation and in a long one.

    A model that runs out of memory is told, and not asked about longer ones.

    Example: emospot bench length --length 50 --length 2000 --features pooled
    """
    from emospot.bench.models import LENGTHS, bench_length
    from emospot.bench.process import Settings

    asked = _Asked(study, model, features, against, out, json_output, device)
    # Device memory is limited by the device; an address space would count it twice.
    limit = int(memory * 1e9) if device == "cpu" else None
    how = Settings(threads, device, None, max(lengths or LENGTHS), limit)
    with _prepared(asked) as (loaded, found, store), progress(quiet=json_output) as bar:
        tell = _teller(bar, "length")
        bench = bench_length(
            loaded,
            found,
            store,
            how,
            lengths=lengths or LENGTHS,
            against=against,
            count=rounds,
            tell=tell,
        )
    _show(bench, asked)


def memory(
    study: StudyName = None,
    model: Models = None,
    features: Features = None,
    against: Against = None,
    rounds: Rounds = 1,
    threads: Threads = 1,
    batch_size: BatchSize = 8,
    utterances: Utterances = 10_000,
    out: Out = None,
    json_output: Json = False,
) -> None:
    """The most memory that training takes, beyond what the libraries take.

    Example: emospot bench memory --model emospot --model CORECT
    """
    from emospot.bench.models import bench_memory
    from emospot.bench.process import Settings

    asked = _Asked(study, model, features, against, out, json_output)
    how = Settings(threads, "cpu", batch_size, utterances)
    with _prepared(asked) as (loaded, found, store), progress(quiet=json_output) as bar:
        tell = _teller(bar, "memory")
        bench = bench_memory(loaded, found, store, how, against=against, count=rounds, tell=tell)
    _show(bench, asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every bench of models is told."""

    study: str | None
    models: list[str] | None
    features: list[str] | None
    against: str | None
    out: Path | None
    json_output: bool
    device: str = "cpu"


@contextmanager
def _prepared(asked: _Asked) -> Iterator[tuple["Study", list["Contender"], Path]]:
    """The study, those of its models that are measured, and the store of its first corpus."""
    from emospot.bench.contenders import bench_study, contenders, reference
    from emospot.experiments.stores import open_store

    study = bench_study(asked.study)
    found = contenders(study, asked.models or (), asked.features or ())
    reference(study, found, asked.against)
    if asked.device == "gpu":
        _require_gpu()
    with TemporaryDirectory() as temporary:
        name, entry = next(iter(study.corpora.items()))
        folder = (asked.out or Path(temporary)) / "stores" / name
        with progress(quiet=asked.json_output) as bar:
            tell = _teller(bar, f"importing {name}")
            store = open_store(name, entry, folder, tell, lambda text: note(f"warning: {text}"))
        yield study, found, store.path


def _require_gpu() -> None:
    import torch

    if not torch.cuda.is_available():
        raise UsageError("there is no GPU that PyTorch can use: leave --device out")


def _teller(bar: "Progress", stage: str) -> Callable[[int, int], None]:
    task = bar.add_task(stage, total=1)

    def tell(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    return tell


def _show(bench: "ModelBench", asked: _Asked) -> None:
    from emospot.bench.shown import bench_page, bench_rows, bench_title
    from emospot.files import write_file, write_json

    if asked.json_output:
        say_json(bench.to_dict())
    else:
        say(bench_title(bench))
        table("", *bench_rows(bench))
    if asked.out is not None:
        written = [asked.out / f"bench-{bench.what}.{kind}" for kind in ("json", "html")]
        write_json(written[0], bench.to_dict())
        write_file(written[1], bench_page(bench).encode())
        note(f"written: {', '.join(map(str, written))}")

"""`emospot export`: a model as one file for a service."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from emospot.cli.console import note, say, say_json
from emospot.cli.model_options import MODEL_HELP, AllowDownload
from emospot.errors import UsageError

if TYPE_CHECKING:
    from emospot.batch import Example
    from emospot.export.agreement import Agreement
    from emospot.export.precision import Precision
    from emospot.export.served_file import Form
    from emospot.model.pretrained import PretrainedModel

FORMATS = ("onnx", "torch")
PRECISIONS = ("single", "half", "int8")
_SHOWN = {"weighted_f1": "w-F1", "macro_f1": "macro F1", "mae": "MAE"}


def export(
    model: Annotated[str, typer.Argument(help=MODEL_HELP)],
    out: Annotated[Path, typer.Option(help="Folder of the exported model.")],
    form: Annotated[
        str, typer.Option("--format", help="onnx (ONNX Runtime) or torch (torch.export.load).")
    ] = "onnx",
    precision: Annotated[
        str, typer.Option(help="Of the stored weights: single, half or int8.")
    ] = "single",
    check: Annotated[
        Path | None,
        typer.Option(help="A store to answer with both; without it, the bundled sample."),
    ] = None,
    split: Annotated[str, typer.Option(help="Of that store: test, dev or train.")] = "test",
    allow_download: AllowDownload = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write a model as one file: features in, probabilities and hotspots out.

    Example: emospot export bundled --out served --check STORE
    """
    for given, known, option in (
        (form, FORMATS, "format"),
        (precision, PRECISIONS, "precision"),
    ):
        if given not in known:
            raise UsageError(f'--{option} "{given}": expected one of {", ".join(known)}')
    from emospot.analysis.models import load
    from emospot.export.served_file import export_model

    loaded = load(model, allow_download=allow_download)
    real, where = _real(loaded, check, split)
    if not json_output:
        note(f"drawing the graph of {loaded.card.name}, and checking it …")
    exported = export_model(
        loaded,
        out,
        form=cast("Form", form),
        precision=cast("Precision", precision),
        check=real,
    )
    if json_output:
        say_json({**asdict(exported), "path": str(exported.path)})
        return
    say(f"{exported.path}: {exported.path.stat().st_size / 1e6:.1f} MB")
    _show("made-up conversations", exported.made_up)
    if exported.real is not None:
        _show(where, exported.real)
    else:
        note(f"not checked on real conversations: {where}")
    note(f"what goes in and comes out: {exported.path.parent / 'model.json'}")


def _real(model: "PretrainedModel", store: Path | None, split: str) -> tuple[list["Example"], str]:
    """Real conversations to check with, and where they come from, or why there are none."""
    if store is not None:
        from emospot.evaluation.run import check_fits, labelled_examples
        from emospot.features.store import FeatureStore

        opened = FeatureStore.open(store)
        check_fits(model, opened)
        found = labelled_examples(opened, split)
        if not found:
            raise UsageError(f"{store} has no conversations of the split {split}")
        return found, f"{split} of {store}"
    from emospot.analysis.analyze import example_of
    from emospot.sample import sample_files

    files = sample_files()
    example = example_of(files.conversation, files.transcript, model=model)
    if not any(own is not None for tokens in example.tokens.values() for own in tokens):
        return [], "the bundled sample has nothing that the model reads; name a store by --check"
    return [example], "the bundled sample"


def _show(what: str, agreed: "Agreement") -> None:
    said = f"  {what}, {agreed.utterances} utterances: "
    if agreed.same is not None:
        said += f"{100 * agreed.same:.1f} % the same, probabilities "
    else:
        said += "the number "
    differ = agreed.probabilities if agreed.same is not None else agreed.logits
    say(said + f"at most {differ:.1g} apart")
    for name in ("weighted_f1", "mae"):
        if name in agreed.metrics:
            before, after = agreed.metrics[name]
            say(f"    {_SHOWN[name]} {before:.4f} → {after:.4f}")

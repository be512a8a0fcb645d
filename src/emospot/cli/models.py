"""`emospot models`: what models there are, with their cards; adding and removing some."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from emospot.cli.console import note, say, say_json
from emospot.cli.model_options import AllowDownload
from emospot.errors import UsageError

if TYPE_CHECKING:
    from emospot.analysis.models import KnownModel
    from emospot.model.pretrained import ModelCard

app = typer.Typer(no_args_is_help=False)
Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.callback(invoke_without_command=True)
def models(context: typer.Context, json_output: Json = False) -> None:
    """List the models that come with emospot, and the installed ones.

    Installed models lie in the folder that EMOSPOT_MODELS names, else in your system's
    place for user data.

    Example: emospot models
    """
    if context.invoked_subcommand is not None:
        if json_output:
            raise UsageError("--json belongs behind the command: emospot models show NAME --json")
        return
    from emospot.analysis.models import known_models

    found = known_models()
    if json_output:
        say_json({name: one.to_dict() for name, one in found.items()})
        return
    for one in found.values():
        if one.card is None or one.problem:
            note(f"{one.name} cannot be used: {one.problem}")
            continue
        score = one.weighted_f1
        figures = [] if score is None else [f"w-F1 {100 * score[1]:.1f} ({score[0]})"]
        figures += [f"language {one.card.language or 'any'}", f"{one.size / 1e6:.1f} MB"]
        say(f"{one.name}: {', '.join(one.card.main.outputs)}")
        say(f"  {_reads(one.card)}")
        say(f"  {', '.join(figures)}")
        say(f"  licence: {one.card.licence or 'none stated'}")
    if found:
        note("emospot models show NAME tells more")


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A model's name, folder, run, or hf:owner/name.")],
    allow_download: AllowDownload = False,
    json_output: Json = False,
) -> None:
    """Show a model's card: what it reads and says, its figures, licence and limits.

    Example: emospot models show bundled
    """
    from emospot.analysis.models import known_model

    found = known_model(name, allow_download=allow_download)
    if json_output:
        say_json(found.to_dict())
        return
    for line in _card_lines(found):
        say(line)
    if found.page:
        say()
        say(found.page.strip())


@app.command("add")
def add(
    source: Annotated[
        str, typer.Argument(help="A run (its first seed), a model's folder, or hf:owner/name.")
    ],
    name: Annotated[
        str | None, typer.Option(help="How it is called; else by the run or repository.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="A sentence or a short name, e.g. cc-by-4.0.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Of the words that it understands (ISO 639-1).")
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help="A sentence that every reader must see; may be repeated."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an installed model of that name.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Install a model under a name; one of Hugging Face is fetched.

    Of a repository only model.safetensors, model.json and README.md are fetched; nothing in
    it is run.

    Example: emospot models add RUN --name calls --licence cc-by-4.0 --language en

    Example: emospot models add hf:owner/name
    """
    from emospot.analysis.installing_models import add_model

    given: dict[str, Any] = {
        "licence": licence,
        "language": language,
        "limits": limit or None,
    }
    card = {field: value for field, value in given.items() if value is not None}
    found = add_model(source, name, card=card, replace=replace)
    if json_output:
        say_json(found.to_dict())
        return
    for line in _card_lines(found):
        say(line)
    if found.card is not None and not found.card.licence:
        note("its card states no licence: say what it may be used for with --licence")


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="An installed model.")],
) -> None:
    """Delete an installed model.

    Example: emospot models remove calls
    """
    from emospot.analysis.installing_models import remove_model

    remove_model(name)
    note(f"removed: {name}")


def _reads(card: "ModelCard") -> str:
    return "reads " + ", ".join(f"{m} ({f.extractor})" for m, f in card.features.items())


def _card_lines(one: "KnownModel") -> list[str]:
    """What every user must know of a model, a line each."""
    card = one.card
    if card is None:
        return [f"{one.name}: cannot be read: {one.problem}"]
    lines = [
        f"{one.name}: {', '.join(card.main.outputs)}",
        f"  {_reads(card)}",
        f"  language: {card.language or 'any'}",
        f"  size: {one.size / 1e6:.1f} MB",
        f"  folder: {one.folder}",
    ]
    lines += [f"  from: {one.source}"] if one.source else []
    lines += [f"  {metric}: {value:.4f}" for metric, value in (card.scores or {}).items()]
    lines.append(f"  licence: {card.licence or 'none stated'}")
    return lines + [f"  limit: {limit}" for limit in card.limits]

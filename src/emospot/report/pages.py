"""What the report's pages are made with: one template engine, and their sources."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from emospot.report.clock import hundredths, percent


def environment() -> Environment:
    """The template engine: foreign text is escaped, an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("emospot.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"percent": percent, "hundredths": hundredths}
    return made


def source(name: str) -> str:
    """The text of a file among the templates."""
    # read_text gives "\n" line ends, as the browser does before it checks a script's hash.
    return (files("emospot.report") / "templates" / name).read_text(encoding="utf-8")

"""`creditgraph documents`: manifests of trusted documents."""

from pathlib import Path
from typing import Annotated

import typer

from server.commands.answers import plain_refusals
from server.manifests import ManifestEntry, ManifestError, manifest_of
from server.settings import InvalidSettings

app = typer.Typer(
    help="Check and write manifests of trusted documents, which clients ask for by id.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The manifest: texts by id, or Apollo's format.")],
) -> None:
    """Say whether a server would start with a manifest, and name the operations in it.

    \b
    Example:
      creditgraph documents check operations.json
    """
    from server.trusted_documents import TrustedDocuments  # noqa: PLC0415 - it waits for the schema to be built

    with plain_refusals():
        trusted = TrustedDocuments.read(file, named_by="FILE")
    count = len(set(trusted.texts.values()))
    noun = "document is" if count == 1 else "documents are"
    names = ", ".join(sorted(trusted.names)) or "without names"
    typer.echo(f"{count} {noun} in order: {names}.")


@app.command("hash")
def write_hashes(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Documents in GraphQL's language, each complete.")
    ],
) -> None:
    """Write a manifest of documents to standard output, each under the SHA-256 of its file.

    \b
    Examples:
      creditgraph documents hash queries/*.graphql > operations.json
      creditgraph documents hash Balance.graphql Runs.graphql > operations.json
    """
    from server.trusted_documents import TrustedDocuments  # noqa: PLC0415 - it waits for the schema to be built

    with plain_refusals():
        entries = [ManifestEntry(str(file), _text_of(file)) for file in files]
        try:
            TrustedDocuments.of(entries)
        except ManifestError as error:
            raise InvalidSettings(f"FILE: {error}") from None
    typer.echo(manifest_of(entry.text for entry in entries), nl=False)


def _text_of(file: Path) -> str:
    """Read a text as it is: with other ends of lines it would have another hash."""
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidSettings(f"FILE: cannot read {file}: {reason}.") from None

"""`creditgraph schema`: the contract as text."""

import typer


def schema() -> None:
    """Print the GraphQL schema.

    \b
    Example:
      creditgraph schema > schema.graphql
    """
    from graph.schema import schema_text  # noqa: PLC0415 - no other command waits for the schema to be built

    typer.echo(schema_text().rstrip("\n"))

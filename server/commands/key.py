"""`creditgraph key`: API keys of an account, and of operators."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from metering.api_keys import (
    ACCOUNT_SCOPES,
    DEFAULT_OVERLAP,
    LONGEST_OVERLAP,
    issue_api_key,
    keys_of,
    revoke_api_key,
    rotate_api_key,
)
from models.api_key import ApiKey, Scope
from models.identity import IdKind, format_id
from server.commands import store, values
from server.commands.answers import hint, plain_refusals
from server.commands.tables import print_table
from server.settings import InvalidSettings

app = typer.Typer(
    help="Issue, rotate, list and revoke API keys.", no_args_is_help=True, rich_markup_mode=None
)

OPERATOR_SCOPES = (Scope.READ, Scope.MANAGE, Scope.OPERATE)

AccountOption = Annotated[
    str | None, typer.Option("--account", metavar="ID", help="The account that the key belongs to.")
]
OperatorOption = Annotated[
    bool, typer.Option("--operator", help="A key of the platform's operators, in place of --account.")
]
KeyId = Annotated[str, typer.Argument(help="The key's id, as `key list` shows it.")]


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())


@app.command()
def issue(
    *,
    account: AccountOption = None,
    operator: OperatorOption = False,
    name: Annotated[str, typer.Option(metavar="N", help="What the key is for.")] = "default",
    scope: Annotated[
        list[Scope] | None,
        typer.Option(
            case_sensitive=False,
            metavar="S",
            help="READ, TRACK, MANAGE or OPERATE: what the key may do; repeatable. An account's default: "
            "READ, TRACK and MANAGE; an operator's: READ, MANAGE and OPERATE.",
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="T", help="From when on it works no more, e.g. 2027-01-31T00:00:00Z."),
    ] = None,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Issue a key and print its secret, this once.

    \b
    Examples:
      creditgraph key issue --account account_0199… --name "mobile app"
      creditgraph key issue --account account_0199… --scope READ --expires 2027-01-31T00:00:00Z
      creditgraph key issue --operator --name "on call"
    """
    with plain_refusals():
        account_id = _owner(account, operator=operator)
        scopes = tuple(scope or (ACCOUNT_SCOPES if account_id else OPERATOR_SCOPES))
        if account_id and Scope.OPERATE in scopes:
            raise InvalidSettings("--scope OPERATE reaches across accounts: use --operator, not --account.")
        key_name = values.name("--name", name)
        expires_at = None if expires is None else values.moment("--expires", expires)
        issued = store.write_once(
            database_url,
            lambda session, *, now: issue_api_key(
                session,
                account_id=account_id,
                name=key_name,
                scopes=scopes,
                expires_at=expires_at,
                now=now,
            ),
        )
    typer.echo(issued.secret)
    hint(
        f"The secret of {format_id(IdKind.API_KEY, issued.api_key.id)}; it is shown this once. Keep it safe."
    )


@app.command()
def rotate(
    key_id: KeyId,
    overlap_seconds: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            max=_seconds(LONGEST_OVERLAP),
            help="How long the secrets before it go on working; 0 ends them at once.",
        ),
    ] = _seconds(DEFAULT_OVERLAP),
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Give a key a new secret and print it, this once.

    \b
    Examples:
      creditgraph key rotate key_0199…
      creditgraph key rotate key_0199… --overlap-seconds 0
    """
    with plain_refusals():
        api_key_id = values.api_key_id(key_id)
        overlap = timedelta(seconds=overlap_seconds)
        rotated = store.write_once(
            database_url,
            lambda session, *, now: rotate_api_key(
                session, account_id=None, api_key_id=api_key_id, overlap=overlap, now=now
            ),
        )
    typer.echo(rotated.secret)
    until = rotated.api_key.old_secrets_until
    before = "do not work any more" if until is None else f"work until {until.isoformat(timespec='seconds')}"
    hint(f"The new secret of {key_id}; it is shown this once. Those before it {before}.")


@app.command("list")
def list_keys(
    *,
    account: AccountOption = None,
    operator: OperatorOption = False,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """List keys; of their secrets only the beginning is known.

    \b
    Examples:
      creditgraph key list --account account_0199…
      creditgraph key list --operator
    """
    with plain_refusals():
        account_id = _owner(account, operator=operator)
        keys = store.ask(database_url, lambda session: keys_of(session, account_id))
    titles = ["id", "name", "secret", "scopes", "created", "last used", "rotated", "expires", "revoked"]
    print_table(titles, map(_cells, keys))


@app.command()
def revoke(
    key_id: KeyId,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """End a key's life at once.

    \b
    Example:
      creditgraph key revoke key_0199…
    """
    with plain_refusals():
        api_key_id = values.api_key_id(key_id)
        store.write_once(
            database_url,
            lambda session, *, now: revoke_api_key(session, account_id=None, api_key_id=api_key_id, now=now),
        )
    typer.echo(f"{key_id} is revoked.")


def _owner(account: str | None, *, operator: bool) -> UUID | None:
    if (account is None) is not operator:
        raise typer.BadParameter("name one of --account ID and --operator.")
    return None if account is None else values.account_id(account)


def _cells(key: ApiKey) -> list[str]:
    times = [key.created_at, key.last_used_at, key.rotated_at, key.expires_at, key.revoked_at]
    return [
        format_id(IdKind.API_KEY, key.id),
        key.name,
        f"{key.prefix}…",
        " ".join(key.scopes),
        *("" if time is None else time.isoformat(timespec="seconds") for time in times),
    ]

"""Settings of a process, from options and from the environment (`CREDITGRAPH_…`)."""

import ipaddress
import json
import os
import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from graph.introspection import Introspection
from pricing.costs import CreditValue
from server.demo.account import DemoAccount
from server.monitoring.logs import LogFormat, LogLevel

DEFAULT_DATABASE_URL = "sqlite+aiosqlite:///creditgraph.db"
ENVIRONMENT_PREFIX = "CREDITGRAPH_"

RateLimitScope = Literal["process", "shared"]
MOST_POINTS = 10**12


class InvalidSettings(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """A setting that cannot be used; the message names it and the fix, on one line."""


def database_url_from_text(text: str) -> str:
    """Return the URL with the driver that this service uses.

    Raises ValueError, without repeating the URL and so the password in it, for a store that it cannot use.
    """
    scheme, separator, rest = text.strip().partition("://")
    driver = _DRIVERS.get(scheme)
    if not separator or driver is None:
        raise ValueError("write sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    (_require_file if scheme.startswith("sqlite") else _require_host)(rest)
    return f"{driver}://{rest}"


def credit_value_from_text(text: str) -> str:
    """Return what a credit sells for as canonical text, e.g. "0.01 USD"; ValueError for anything else."""
    return str(CreditValue.parse(text))


def origins_from_text(given: object) -> object:
    """Return the origins that a text names, separated by commas; ValueError for what is no origin."""
    if not isinstance(given, str):
        return given
    origins = tuple(part.strip().lower().removesuffix("/") for part in given.split(",") if part.strip())
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError("write origins as https://HOST or https://HOST:PORT, separated by commas")
    return origins


def _introspection(given: Mapping[str, object]) -> Introspection:
    return Introspection.EVERYBODY if given.get("demo") else Introspection.MANAGERS


def _shows_graphiql(given: Mapping[str, object]) -> bool:
    # What GraphiQL sends are free texts; where none is taken it is of no use.
    wanted = bool(given.get("demo")) or _is_loopback(str(given.get("host")))
    return wanted and not given.get("trusted_documents_only")


def traceable(wanted: bool) -> bool:
    """Return whether traces are wanted; ValueError where the packages that make them are missing."""
    if wanted and not all(map(_is_installed, _TRACING_PACKAGES)):
        raise ValueError("traces need the extra otel: pip install 'creditgraph[otel]'")
    return wanted


class Settings(BaseSettings):
    """How one process serves. Arguments win over the environment."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: Annotated[str, AfterValidator(database_url_from_text)] = DEFAULT_DATABASE_URL
    read_connections: Annotated[int, Field(ge=1, le=1_000)] | None = None
    most_in_flight: Annotated[int, Field(ge=1, le=10_000)] = 512
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    demo: bool = False
    log_format: LogFormat = Field(default_factory=lambda: "pretty" if sys.stderr.isatty() else "json")
    log_level: LogLevel = "info"
    rate_card: Path | None = None
    webhooks_allow_private: bool = False
    allowed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(origins_from_text)] = ()
    sockets_per_key: Annotated[int, Field(ge=1)] = 100
    subscriptions_per_key: Annotated[int, Field(ge=1)] = 500
    slow_consumer_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    trusted_documents: Path | None = None
    trusted_documents_only: bool = False
    introspection: Introspection = Field(default_factory=_introspection)
    graphiql: bool = Field(default_factory=_shows_graphiql)
    credit_value: Annotated[str, AfterValidator(credit_value_from_text)] | None = None
    provider_costs: Path | None = None
    compiled_operations: bool = True
    cost_limit: Annotated[int, Field(ge=0, le=MOST_POINTS)] = 1_000_000
    cost_restore_rate: Annotated[int, Field(ge=1, le=MOST_POINTS)] = 100_000
    rate_limits: RateLimitScope | None = None
    metrics_token: SecretStr | None = None
    traces: Annotated[bool, AfterValidator(traceable)] = False
    drain_seconds: Annotated[float, Field(ge=0.5, le=300)] = 1.0
    demo_key: SecretStr | None = None
    demo_account: DemoAccount | None = None

    @classmethod
    def of(cls, given: Mapping[str, object]) -> Self:
        """Read the environment, the given values first; what is None counts as not given.

        Raises InvalidSettings.
        """
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # validated here
        except ValidationError as error:
            raise InvalidSettings(_one_line(error, given)) from None
        except SettingsError as error:
            raise InvalidSettings(f"{error}.") from None

    def to_environment(self) -> None:
        """Put the settings into the environment, where the processes that serve find them."""
        values = self.model_dump(mode="json", exclude_none=True)
        environment = {
            name: json.dumps(value)
            if isinstance(value, dict)
            else ",".join(value)
            if isinstance(value, list)
            else str(value)
            for name, value in values.items()
        }
        for name in values:
            if isinstance(secret := getattr(self, name), SecretStr):  # a dump shows asterisks in its place
                environment[name] = secret.get_secret_value()
        os.environ.update({f"{ENVIRONMENT_PREFIX}{name.upper()}": text for name, text in environment.items()})


def _one_line(error: ValidationError, given: Mapping[str, object]) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0])
    option = f"--{name.replace('_', '-')}"
    where = option if given.get(name) is not None else f"{ENVIRONMENT_PREFIX}{name.upper()}"
    return f"{where}: {first['msg'].removeprefix('Value error, ').removesuffix('.')}."


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # of a package that it is in
        return False


def _require_file(rest: str) -> None:
    # The writer and the readers have connections of their own; each would see another memory.
    path = rest.partition("?")[0]
    if not path.startswith("/") or path == "/" or path.endswith(":memory:"):
        raise ValueError("a SQLite store is a file: write sqlite:///FILE, or sqlite:////FOLDER/FILE")


def _require_host(rest: str) -> None:
    try:
        parts = urlsplit(f"postgresql://{rest}")
        complete = bool(parts.hostname or parts.query) and parts.port != 0
    except ValueError:
        complete = False
    if not complete:
        raise ValueError("write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, the port a number")


_TRACING_PACKAGES = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter")
_ORIGIN = re.compile(r"https?://[a-z0-9.\[\]:-]+")
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}

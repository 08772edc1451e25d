"""Logs: one stream to standard error, as lines for a person or as JSON, without secrets."""

import logging.config
import re
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from server.settings import LogFormat, LogLevel

Render = Callable[[WrappedLogger, str, EventDict], str | bytes]


def set_up_logs(log_format: LogFormat, log_level: LogLevel) -> None:
    """Send everything that this process logs, uvicorn's lines too, through one formatter."""
    logging.config.dictConfig(log_configuration(log_format, log_level))


def log_configuration(log_format: LogFormat, log_level: LogLevel) -> dict[str, Any]:
    """Give the set-up as plain values, which uvicorn hands to each process that serves."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"creditgraph": {"()": "server.logs.formatter", "log_format": log_format}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "creditgraph",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"handlers": ["stderr"], "level": log_level.upper()},
        # Start and stop are told by this service itself; alembic and the drivers matter when they warn.
        "loggers": {
            name: {"level": "WARNING", "handlers": [], "propagate": True}
            for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "asyncio", "aiosqlite")
        },
    }


def formatter(log_format: LogFormat) -> structlog.stdlib.ProcessorFormatter:
    """Make the formatter, and have structlog hand its events to it."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_ending(log_format)],
    )


def without_secrets(text: str) -> str:
    """Cut API keys, the secrets of webhooks and the passwords of addresses out of a line."""
    return _PASSWORD.sub(r"\1…@", _SECRET.sub(r"\1_…", text))


def _ending(log_format: LogFormat) -> list[Processor]:
    if log_format == "pretty":
        # A rich traceback would show local variables, and colours would hide secrets from the search.
        plain = structlog.dev.plain_traceback
        return [_redacted(structlog.dev.ConsoleRenderer(colors=True, exception_formatter=plain))]
    rename = structlog.processors.EventRenamer("message")
    return [
        structlog.processors.format_exc_info,
        rename,
        _redacted(structlog.processors.JSONRenderer(default=str)),
    ]


def _redacted(render: Render) -> Processor:
    # The finished line is searched, so that a secret inside a traceback is found too.
    def renderer(logger: WrappedLogger, name: str, event: MutableMapping[str, Any]) -> str:
        line = render(logger, name, event)
        return without_secrets(line.decode() if isinstance(line, bytes) else line)

    return renderer


_SECRET = re.compile(r"(nexus|whsec)_[0-9A-Za-z+/=]{4,}", re.ASCII)
_PASSWORD = re.compile(r"(://[^\s:/@\"']*:)[^\s/@]+@")

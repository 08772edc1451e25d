"""Logs: one stream to standard error, as lines for a person or as JSON, without secrets."""

import json
import logging.config
import re
import select
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["pretty", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


def set_up_logs(log_format: LogFormat, log_level: LogLevel) -> None:
    """Send everything that this process logs, uvicorn's lines too, through one formatter."""
    logging.config.dictConfig(log_configuration(log_format, log_level))


def log_configuration(log_format: LogFormat, log_level: LogLevel) -> dict[str, Any]:
    """Give the set-up as plain values, which uvicorn hands to each process that serves."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"creditgraph": {"()": "server.monitoring.logs.formatter", "log_format": log_format}},
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
    """Make the formatter for what others log, and have structlog write its events in the same form itself."""
    ending = _ending(log_format)
    structlog.configure(
        processors=[_if_wanted, _completed, *ending],
        logger_factory=Lines,
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_completed, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
    )


def log_as(request_id: str) -> None:
    """Let what is logged in the rest of this context name its request: nothing else is done in it."""
    _request_id.set(request_id)


class LoggedAs:
    """What is logged within a `with` block names its request."""

    __slots__ = ("_before", "_request_id")

    def __init__(self, request_id: str | None) -> None:
        self._request_id = request_id

    def __enter__(self) -> None:
        self._before = _request_id.set(self._request_id)

    def __exit__(self, *_: object) -> None:
        _request_id.reset(self._before)


def name_request(_logger: WrappedLogger, _level: str, event: EventDict) -> EventDict:
    """Say in an event on behalf of which request it is."""
    if (request_id := _request_id.get()) is not None:
        event["request_id"] = request_id
    return event


def named_on_behalf_of() -> str | None:
    """Give the id of the request that this is done for; None where it is for none."""
    return _request_id.get()


def log_all(name: str, event: str, told: Iterable[tuple[str | None, dict[str, Any]]]) -> None:
    """Log events of one kind, each with its fields and on behalf of a request, as they are logged one by one.

    Lines are written together: structlog's way to each takes longer than to make it. The fields are used up.
    """
    processors = structlog.get_config()["processors"]
    if processors[:1] != [_if_wanted]:  # somebody else takes them
        logger = structlog.get_logger(name)
        for request_id, fields in told:
            with LoggedAs(request_id):
                logger.info(event, **fields)
        return
    lines, moment = Lines(name), _moment()
    texts = []
    for request_id, fields in told:
        fields["event"], fields["logger"], fields["level"], fields["timestamp"] = event, name, "info", moment
        if request_id is not None:
            fields["request_id"] = request_id
        found: Any = fields
        for process in processors[2:]:
            found = process(lines, "info", found)
        texts.append(found)
    for text in _joined(texts):
        lines.info(text)


class Lines:
    """Writes finished lines to standard error, as the logger of the same name has it.

    The way through `logging`, which finds out who calls and makes a record for its handlers, takes five times
    as long; and each operation leaves a line.
    """

    def __init__(self, *name: str) -> None:
        logger = _find_logger(*name)
        self.name = logger.name
        self.wants = logger.isEnabledFor

    def info(self, line: str) -> None:
        """Write a line, or lose it where nobody takes it: whoever tells something goes on."""
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")

    debug = warning = error = exception = critical = info


def without_secrets(text: str) -> str:
    """Cut API keys, the secrets of webhooks and the passwords of addresses out of a line."""
    if "nexus_" in text or "whsec_" in text:
        text = _SECRET.sub(r"\1_…", text)
    return _PASSWORD.sub(r"\1…@", text) if "://" in text else text


def _if_wanted(lines: Lines, level: str, event: EventDict) -> EventDict:
    if lines.wants(_LEVELS[level]):
        return event
    raise structlog.DropEvent


def _completed(logger: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """Say who logs, how grave it is and when; all in one, since each operation logs."""
    record = event.get("_record")
    event["logger"] = logger.name if record is None else record.name
    event["level"] = "error" if level == "exception" else level
    event["timestamp"] = _moment()
    return name_request(logger, level, event)


def _moment() -> str:
    return f"{datetime.now(UTC).isoformat()[:-6]}Z"


def _joined(lines: list[str]) -> Iterator[str]:
    """Join lines to pieces that a pipe takes whole: other processes may write to it too."""
    while len(lines) > 1 and sum(map(len, lines)) + len(lines) > _WHOLE_CHARACTERS:
        half = len(lines) // 2
        yield from _joined(lines[:half])
        lines = lines[half:]
    yield "\n".join(lines)


def _ending(log_format: LogFormat) -> list[Processor]:
    if log_format == "pretty":
        # A rich traceback would show local variables, and colours would hide secrets from the search.
        plain = structlog.dev.plain_traceback
        return [_redacted(structlog.dev.ConsoleRenderer(colors=True, exception_formatter=plain))]
    return [_redacted(_json_line)]


def _json_line(logger: WrappedLogger, name: str, event: EventDict) -> str:
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, name, event)
    event["message"] = event.pop("event")
    try:
        line = orjson.dumps(event, default=str, option=orjson.OPT_PASSTHROUGH_DATACLASS)
        if line.isascii():  # so that whatever the encoding of the stream is, it is JSON there too
            return line.decode("ascii")
    except orjson.JSONEncodeError:
        pass
    return json.dumps(event, default=str)


def _redacted(render: Callable[[WrappedLogger, str, EventDict], str]) -> Processor:
    # The finished line is searched, so that a secret inside a traceback is found too.
    def renderer(logger: WrappedLogger, name: str, event: EventDict) -> str:
        return without_secrets(render(logger, name, event))

    return renderer


_SECRET = re.compile(r"(nexus|whsec)_[0-9A-Za-z+/=]{4,}", re.ASCII)
_PASSWORD = re.compile(r"(://[^\s:/@\"']*:)[^\s/@]+@")
_LEVELS = {
    **{name.lower(): level for name, level in logging.getLevelNamesMapping().items()},
    "exception": logging.ERROR,
}
_WHOLE_CHARACTERS = getattr(select, "PIPE_BUF", 512)
"""Characters are bytes here, but for those of a person's own words."""
_request_id: ContextVar[str | None] = ContextVar("creditgraph_request_id", default=None)
_find_logger = structlog.stdlib.LoggerFactory(ignore_frame_names=[__name__])
"""Without a name it is that of the module which asks."""

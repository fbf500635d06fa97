"""
Logging: one JSON object a line on standard error, for every process of a running campus.

`campus up` keeps each process's lines in `DATA/log/NAME.log`.
"""

import logging
import sys

import structlog
import structlog.tracebacks
from structlog.typing import EventDict, Processor

COMMON: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)  # locals may be passwords and personal data
    ),
)

CHATTY = ("stripe", "httpx", "mail.log")
"""Libraries that write lines for each request, aiosmtpd with addresses: heard from warnings on, or at `debug`."""


def configure(level: str, *, process: str) -> None:
    """Send structlog and the standard library's logging to standard error as JSON lines naming *process*."""
    number = logging.getLevelNamesMapping()[level.upper()]

    def named(_logger: object, _method: str, line: EventDict) -> EventDict:
        return {"process": process, **line}

    structlog.configure(
        processors=[named, *COMMON, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    plain = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[named, *COMMON], processors=[plain, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=number, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(number if number <= logging.DEBUG else max(number, logging.WARNING))

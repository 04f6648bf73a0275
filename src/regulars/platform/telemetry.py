"""What the product says about itself while it runs: log lines on stderr and numbers for Prometheus."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any, Final, Literal

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from regulars.platform.tracing import current_ids

LogForm = Literal["json", "pretty"]
NUMBERS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# Our own registry: what else a process imports must not put its numbers among ours.
REGISTRY: Final = CollectorRegistry()
disable_created_metrics()  # type: ignore[no-untyped-call]
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def counter(name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
    """A number that only grows. Names start with `regulars_`; made once, at import."""
    return Counter(name, meaning, labels, registry=REGISTRY)


def seconds(name: str, meaning: str, labels: Sequence[str] = (), buckets: Sequence[float] = _SECONDS) -> Histogram:
    """How long something took, in seconds."""
    return Histogram(name, meaning, labels, registry=REGISTRY, buckets=buckets)


def numbers() -> bytes:
    """Everything counted so far, in Prometheus's text form."""
    return generate_latest(REGISTRY)


requests_total: Final = counter(
    "regulars_http_requests_total", "HTTP requests answered.", ("method", "route", "status")
)
request_seconds: Final = seconds(
    "regulars_http_request_seconds", "Time from the request's first byte to the answer's last.", ("method", "route")
)


def _drop_colours(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """uvicorn says some things twice, the second time in terminal colours."""
    line.pop("color_message", None)
    return line


def _name_the_trace(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """So that from a log line one finds the trace it was written in."""
    line.update(current_ids())
    return line


def configure_logging(form: LogForm = "json", level: str = "INFO") -> None:
    """One line an event on stderr, JSON for machines or pretty for people; the libraries' log lines go the same way."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _drop_colours,
        _name_the_trace,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        # The plain traceback: the fancy one prints local variables, passwords among them.
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # Our own access lines say more and know which tokens to keep out; a client's name the whole of every address.
    logging.getLogger("uvicorn.access").disabled = True
    # The mail catcher's lines are one for each word of SMTP, with the recipients' addresses in them.
    for name in ("httpx2", "httpcore2", "mail.log"):
        logging.getLogger(name).setLevel(logging.WARNING)

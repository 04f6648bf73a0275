"""Traces by OpenTelemetry, when an endpoint is set. Without one nothing of it is imported, and a span does nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar

from regulars.shared.errors import Conflict

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.trace import Span, Tracer

Kind: TypeAlias = Literal["internal", "server", "client"]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]
T = TypeVar("T")
flush_timeout_ms: Final = 3_000
_DROPPED: Final = "regulars.dropped"
_tracer: Tracer | None = None


class TracingNotInstalled(Conflict):
    """An endpoint for traces is set, and the extra `regulars[otel]` is not installed."""


class Spanned:
    """What a block in a span can say of itself. This one is for when nobody listens."""

    def __enter__(self) -> Spanned:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def set(self, **values: str | int | float | bool) -> None:
        """An underscore in a name without dots becomes one: `http_route` is http.route."""

    def rename(self, name: str) -> None: ...

    def fail(self) -> None:
        """It went wrong, though nothing was raised."""

    def drop(self) -> None:
        """Nothing happened that is worth telling."""


_NOTHING: Final = Spanned()


def span(name: str, kind: Kind = "internal", *, headers: Headers = ()) -> Spanned:
    """A span around a block. `headers` of a request continue its caller's trace."""
    return _NOTHING if _tracer is None else _Open(_tracer, name, kind, headers)


def traced(steps: Sequence[Callable[[T], Awaitable[None]]]) -> Sequence[Callable[[T], Awaitable[None]]]:
    """The same steps, each in a span named after its domain and itself."""
    return steps if _tracer is None else [_in_span(step) for step in steps]


def current_ids() -> dict[str, str]:
    """The ids of the present span, for log lines; empty outside of any."""
    if _tracer is None:
        return {}
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}


def start_tracing(endpoint: str | None, *, role: str, version: str) -> Callable[[], None]:
    """Sends spans to an endpoint from now on; what stops that, with what was not sent yet sent. Raises
    TracingNotInstalled."""
    global _tracer  # noqa: PLW0603  (one per process, as the loggers are)
    if endpoint is None:
        return lambda: None
    try:
        provider = _provider(endpoint, role, version)
    except ModuleNotFoundError as error:
        raise TracingNotInstalled(f"Install regulars[otel], or unset the endpoint for traces ({error}).") from None
    _tracer = provider.get_tracer("regulars", version)

    def stop() -> None:
        global _tracer  # noqa: PLW0603
        _tracer = None
        provider.force_flush(flush_timeout_ms)
        provider.shutdown()

    return stop


def _provider(endpoint: str, role: str, version: str) -> TracerProvider:
    """A provider of our own: what else a process traces must not go our way."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    class Processor(BatchSpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            if not (span.attributes or {}).get(_DROPPED):
                super().on_end(span)

    # What the environment says of the service (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) goes before this.
    ours = Resource({"service.name": "regulars", "service.version": version, "regulars.role": role})
    found = Resource.create().attributes
    said = {name: value for name, value in found.items() if not str(value).startswith("unknown_service")}
    provider = TracerProvider(resource=ours.merge(Resource(said)), shutdown_on_exit=False)
    provider.add_span_processor(Processor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    return provider


class _Open(Spanned):
    """A span that is told."""

    def __init__(self, tracer: Tracer, name: str, kind: Kind, headers: Headers) -> None:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        kinds = {"internal": trace.SpanKind.INTERNAL, "server": trace.SpanKind.SERVER, "client": trace.SpanKind.CLIENT}
        carrier = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
        context = TraceContextTextMapPropagator().extract(carrier) if carrier else None
        self._around = tracer.start_as_current_span(name, context, kinds[kind])
        self._span: Span | None = None

    def __enter__(self) -> Spanned:
        self._span = self._around.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._around.__exit__(kind, error, traceback)

    def set(self, **values: str | int | float | bool) -> None:
        assert self._span is not None
        self._span.set_attributes(
            {name if "." in name else name.replace("_", "."): value for name, value in values.items()}
        )

    def rename(self, name: str) -> None:
        assert self._span is not None
        self._span.update_name(name)

    def fail(self) -> None:
        from opentelemetry.trace import Status, StatusCode

        assert self._span is not None
        self._span.set_status(Status(StatusCode.ERROR))

    def drop(self) -> None:
        assert self._span is not None
        self._span.set_attribute(_DROPPED, True)


def _in_span(step: Callable[[T], Awaitable[None]]) -> Callable[[T], Awaitable[None]]:
    domain = step.__module__.removesuffix(".step").rpartition(".")[2]
    name = f"{domain}.{getattr(step, '__name__', 'step')}"

    async def run(given: T) -> None:
        with span(name):
            await step(given)

    return run

"""Traces reach a real receiver over OTLP/HTTP, and without an endpoint nothing is loaded."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx2
import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from regulars.domains.members.api import Gatekeeper
from regulars.pipeline import STEPS, Pipeline
from regulars.platform.http.app import make_app
from regulars.platform.settings import SettingMalformed, read_settings
from regulars.platform.telemetry import configure_logging
from regulars.platform.tracing import current_ids, span, start_tracing, traced
from regulars.platform.unit import Units
from regulars.shared.clock import SetClock
from regulars.shared.ids import Ids
from tests.story import living

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector:
    """Keeps what it is sent, as a collector would."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[ExportTraceServiceRequest] = []

    def spans(self) -> list[Span]:
        return [
            one
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for one in scope.spans
        ]

    def named(self, name: str) -> Span:
        return next(one for one in self.spans() if one.name == name)

    def resource(self) -> dict[str, str]:
        values = self.requests[0].resource_spans[0].resource.attributes
        return {one.key: one.value.string_value for one in values}


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
            kept.requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.fixture
async def stop(collector: Collector) -> AsyncIterator[Callable[[], None]]:
    """Tracing is on; what stops it, so that all spans are there."""
    stop = start_tracing(collector.url, role="all", version="1.2.3")
    stopped = False

    def once() -> None:
        nonlocal stopped
        if not stopped:
            stop()
        stopped = True

    yield once
    await asyncio.to_thread(once)


def values(one: Span) -> dict[str, str | int]:
    return {a.key: a.value.int_value if a.value.HasField("int_value") else a.value.string_value for a in one.attributes}


async def greet(request: Request) -> Response:
    structlog.get_logger("regulars").info("greeted")
    return Response("hello")


async def put_off(request: Request) -> Response:
    return Response("busy", status_code=503)


async def test_a_request_goes_on_with_its_callers_trace(
    units: Units, collector: Collector, stop: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("json")
    routes = [Route("/hello/{name}", greet), Route("/busy", put_off)]
    app = make_app(routers=[], gatekeeper=Gatekeeper(units), units=units, public_routes=routes)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://regulars.test") as client:
        await client.get("/hello/ana", headers={"traceparent": CALLER, "X-Request-Id": "r1"})
        await client.get("/busy")
        await client.get("/health/live")
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    stop()
    assert sorted(one.name for one in collector.spans()) == ["GET /busy", "GET /hello/{name}"]
    hello = collector.named("GET /hello/{name}")
    assert (hello.trace_id.hex(), hello.parent_span_id.hex()) == tuple(CALLER.split("-")[1:3])
    assert hello.kind == Span.SPAN_KIND_SERVER
    assert values(hello) == {
        "http.request.method": "GET",
        "http.route": "/hello/{name}",
        "url.path": "/hello/ana",
        "http.response.status_code": 200,
        "request.id": "r1",
    }
    assert collector.named("GET /busy").status.code == Status.STATUS_CODE_ERROR
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    ours = [line for line in lines if line.get("request_id") == "r1"]
    assert [line["event"] for line in ours] == ["greeted", "request"]
    assert {(line["trace_id"], line["span_id"]) for line in ours} == {(hello.trace_id.hex(), hello.span_id.hex())}
    assert collector.resource().items() >= {"service.name": "regulars", "service.version": "1.2.3"}.items()


async def test_a_tick_tells_its_steps_and_an_idle_one_nothing(
    units: Units, clock: SetClock, collector: Collector, stop: Callable[[], None]
) -> None:
    async with living(units, clock) as story:
        await story.did("ana", "Order Completed")
    async with Pipeline(units, Ids(random.Random(3)), traced(STEPS)) as pipeline:
        for _ in range(2):
            with span("tick") as spanned:
                if not (await pipeline.poll_once(clock.at)).ran:
                    spanned.drop()
    stop()
    (tick,) = [one for one in collector.spans() if one.name == "tick"]
    steps = [one for one in collector.spans() if one.parent_span_id == tick.span_id]
    names = [one.name for one in sorted(steps, key=lambda one: one.start_time_unix_nano)]
    assert names[:2] == ["customers.identify", "events.record"]
    assert len(names) == len(STEPS)


async def test_what_raises_is_told_with_its_error(collector: Collector, stop: Callable[[], None]) -> None:
    with pytest.raises(ValueError, match="no"), span("failing"):
        raise ValueError("no")
    stop()
    failing = collector.named("failing")
    assert failing.status.code == Status.STATUS_CODE_ERROR
    assert failing.events[0].name == "exception"


def test_a_receiver_that_is_gone_stops_nothing() -> None:
    stop = start_tracing("http://127.0.0.1:9", role="all", version="1")
    with span("lost"):
        assert current_ids()["trace_id"]
    stop()
    assert current_ids() == {}


def test_without_an_endpoint_nothing_is_loaded() -> None:
    """The API alone FastAPI loads by itself wherever it is installed."""
    program = (
        "import sys; import regulars.entrypoints.cli; from regulars.platform.tracing import *; "
        "stop = start_tracing(None, role='all', version='1')\n"
        "with span('x', headers=[(b'traceparent', b'00')]) as one: one.set(a=1); one.drop()\n"
        "stop(); assert current_ids() == {}; "
        "loaded = ('opentelemetry.sdk', 'opentelemetry.exporter', 'google.protobuf', 'requests'); "
        "sys.exit(any(name.startswith(loaded) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=120).returncode == 0


def test_steps_are_left_alone_when_nobody_listens() -> None:
    assert traced(STEPS) is STEPS


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://one:4318"}, "http://one:4318"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://one", "REGULARS_OTLP_ENDPOINT": "https://two"}, "https://two"),
    ],
)
def test_the_endpoint_is_ours_or_everybodys(environment: dict[str, str], endpoint: str | None) -> None:
    assert read_settings(environment).otlp_endpoint == endpoint


def test_an_endpoint_is_an_address() -> None:
    with pytest.raises(SettingMalformed, match="OTLP_ENDPOINT"):
        read_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"})

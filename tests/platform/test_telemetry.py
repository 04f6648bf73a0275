"""Log lines and numbers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from regulars.platform.telemetry import LogForm, configure_logging, counter, numbers


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def fail_with_a_secret() -> None:
    password = "hunter2hunter2"
    try:
        raise ZeroDivisionError(len(password))
    except ZeroDivisionError:
        structlog.get_logger("regulars").exception("failed")


def test_our_lines_and_the_libraries_are_json_of_one_shape(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json")
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("regulars").info("tick done", touched=3)
        logging.getLogger("psycopg.pool").warning("pool of %s", 4, extra={"waiting": 2})
    logging.getLogger("uvicorn.error").info("started", extra={"color_message": "\x1b[1mstarted"})
    logging.getLogger("httpx2").info("GET /u/token")
    ours, theirs, server = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (ours["event"], ours["level"], ours["touched"], ours["request_id"]) == ("tick done", "info", 3, "r-1")
    assert (theirs["event"], theirs["logger"], theirs["waiting"]) == ("pool of 4", "psycopg.pool", 2)
    assert "color_message" not in server
    assert all(line["at"].endswith("Z") for line in (ours, theirs, server))


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_a_traceback_shows_no_values(capsys: pytest.CaptureFixture[str], form: LogForm) -> None:
    configure_logging(form)
    fail_with_a_secret()
    text = capsys.readouterr().err
    assert "ZeroDivisionError" in text
    assert "fail_with_a_secret" in text
    assert "hunter2" not in text
    assert "\x1b" not in text
    assert len(text.splitlines()) == 1 or form == "pretty"


def test_what_is_counted_is_told() -> None:
    counter("regulars_test_dishes_total", "Dishes served.", ("dish",)).labels("soup").inc(2)
    assert b'regulars_test_dishes_total{dish="soup"} 2.0' in numbers()
    assert b"_created" not in numbers()

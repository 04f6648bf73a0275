"""`regulars summaries`: what ticks have kept, compared with the history, while they go on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entrypoints.served import Served, regulars, until

pytestmark = pytest.mark.slow


def test_summaries_are_compared_and_made_anew_while_the_server_runs(served: Served) -> None:
    assert served.send({"type": "track", "userId": "summed", "event": "Order Completed"}).status_code == 200

    def summaries() -> list[tuple[Any, ...]]:
        with served.database() as connection:
            return connection.execute(
                "SELECT customer_id, facts FROM summaries "
                "WHERE customer_id = (SELECT customer_id FROM identifiers WHERE value = 'summed')"
            ).fetchall()

    until(lambda: bool(summaries()))
    ((customer, facts),) = summaries()
    said = regulars("summaries", "--data", served.data, "--json")
    assert (said.code, said.json()["differing"]) == (0, 0), said.err
    with served.database() as connection:
        connection.execute("UPDATE summaries SET facts = '{\"x\": [1]}' WHERE customer_id = %s", [customer])
    said = regulars("summaries", "--data", served.data)
    assert said.code == 1
    assert said.is_plain
    assert f"cus_{customer.hex}" in said.out
    assert regulars("summaries", "--data", served.data, "--rebuild").code == 0
    assert regulars("summaries", "--data", served.data).code == 0
    assert summaries() == [(customer, facts)]

"""`regulars reconcile`: beside a server, and without one."""

from __future__ import annotations

import duckdb

from tests.entrypoints.served import Served, free_port, regulars, serving, until


def in_warehouse(served: Served) -> int:
    rows: int = served.ask("/api/warehouse/reconciliation").json()["rows_in_warehouse"]
    return rows


def test_what_was_broken_in_the_warehouse_is_found_and_named() -> None:
    with serving() as served:
        calls = [{"type": "track", "userId": f"u{n}", "event": "Order Completed"} for n in range(3)]
        assert served.send(*calls).status_code == 200
        until(lambda: in_warehouse(served) == 3, what="the events")
        beside = regulars("reconcile", "--data", served.data, "--port", str(served.port), "--json")
        assert beside.code == 0, beside
        assert beside.json()["same"] is True
        assert beside.json()["rows"]["events"] == 3
        keys = regulars("keys", "--data", served.data, "--list", "--json").json()["keys"]
        assert [key["state"] for key in keys if key["name"] == "reconciliation"] == ["revoked"]
        elsewhere = regulars("reconcile", "--data", served.data, "--port", str(free_port()))
        assert elsewhere.code == 1
        assert elsewhere.is_plain
        assert served.end() == 0
        with duckdb.connect(str(served.data / "warehouse.duckdb")) as connection:
            connection.execute("UPDATE events SET name = 'Order Refunded' WHERE seq = 2")
            connection.execute("DELETE FROM customers_seen WHERE seq = (SELECT max(seq) FROM customers_seen)")
        alone = regulars("reconcile", "--data", served.data)
        assert alone.code == 1
        assert "events 1 to 3: 3 in the log, 3 in the warehouse; changed: 2" in alone.out
        assert "2 ranges differ" in alone.out
        told = regulars("reconcile", "--data", served.data, "--json").json()
        assert {one["fact"]: one["changed"] for one in told["differences"]} == {"events": [2], "customers_seen": []}
        assert [len(one["missing"]) for one in told["differences"] if one["fact"] == "customers_seen"] == [1]


def test_without_a_warehouse_there_is_nothing_to_compare(served: Served) -> None:
    said = regulars("reconcile", "--data", served.data, settings={"REGULARS_WAREHOUSE_URL": "none"})
    assert said.code == 1
    assert "no warehouse" in said.err

"""Makes the demo store's orders from the public Online Retail data set.

    python scripts/make_demo_data.py SOURCE.parquet OUT.parquet

SOURCE has one row per invoice line (InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID,
Country). OUT has one row per order or refund. What is left out and changed is written in the LICENSE.md beside OUT.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

products_per_order_max = 4

COUNTRY_CODES = {
    "Australia": "AU", "Austria": "AT", "Bahrain": "BH", "Belgium": "BE", "Brazil": "BR", "Canada": "CA",
    "Cyprus": "CY", "Czech Republic": "CZ", "Denmark": "DK", "EIRE": "IE", "Finland": "FI", "France": "FR",
    "Germany": "DE", "Greece": "GR", "Hong Kong": "HK", "Iceland": "IS", "Israel": "IL", "Italy": "IT",
    "Japan": "JP", "Lebanon": "LB", "Lithuania": "LT", "Malta": "MT", "Netherlands": "NL", "Norway": "NO",
    "Poland": "PL", "Portugal": "PT", "RSA": "ZA", "Saudi Arabia": "SA", "Singapore": "SG", "Spain": "ES",
    "Sweden": "SE", "Switzerland": "CH", "USA": "US", "United Arab Emirates": "AE", "United Kingdom": "GB",
}  # fmt: skip

SCHEMA = pa.schema(
    [
        ("order_id", pa.string()),
        ("kind", pa.dictionary(pa.int8(), pa.string())),
        ("customer_id", pa.string()),
        ("ordered_at", pa.timestamp("s")),
        ("country", pa.dictionary(pa.int8(), pa.string())),
        ("revenue", pa.decimal128(12, 2)),
        ("currency", pa.dictionary(pa.int8(), pa.string())),
        ("items", pa.int32()),
        (
            "products",
            pa.list_(
                pa.struct(
                    [
                        ("product_id", pa.string()),
                        ("name", pa.string()),
                        ("quantity", pa.int32()),
                        ("price", pa.float64()),
                    ]
                )
            ),
        ),
    ]
)


def products_of(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines that are products of known customers: no postage, fees, corrections, samples or gifts of nothing."""
    code = lines["StockCode"].astype(str)
    kept = lines[
        lines["CustomerID"].notna()
        & lines["Description"].notna()
        & code.str.match(r"^\d{5}")
        & (lines["UnitPrice"] > 0)
        & lines["InvoiceNo"].astype(str).str.match(r"^C?\d+$")
    ].copy()
    kept["refund"] = kept["InvoiceNo"].astype(str).str.startswith("C")
    kept["pieces"] = kept["Quantity"].where(~kept["refund"], -kept["Quantity"])
    kept = kept[kept["pieces"] > 0]
    names = kept["Description"].str.strip().str.replace(r"\s+", " ", regex=True).str.capitalize()
    # One product, one name: the spelling its code carries most often.
    spellings = names.groupby([kept["StockCode"], names]).size().sort_values(kind="stable")
    kept["name"] = kept["StockCode"].map(dict(spellings.index))
    kept["amount"] = kept["pieces"] * kept["UnitPrice"]
    return kept


def orders(lines: pd.DataFrame) -> list[dict[str, object]]:
    kept = products_of(lines)
    merged = kept.groupby(["InvoiceNo", "StockCode", "UnitPrice", "name"], as_index=False)[["pieces", "amount"]].sum()
    merged = merged.sort_values(["InvoiceNo", "amount", "StockCode"], ascending=[True, False, True])
    top: dict[str, list[dict[str, object]]] = {}
    for number, code, price, name, pieces in zip(
        *(merged[column] for column in ("InvoiceNo", "StockCode", "UnitPrice", "name", "pieces")), strict=True
    ):
        product = {"product_id": str(code), "name": name, "quantity": int(pieces), "price": float(price)}
        top.setdefault(number, []).append(product)
    invoices = (
        kept.sort_values("InvoiceDate", kind="stable")
        .groupby("InvoiceNo")
        .agg(
            refund=("refund", "first"),
            customer=("CustomerID", "first"),
            at=("InvoiceDate", "first"),
            country=("Country", "first"),
            amount=("amount", "sum"),
            pieces=("pieces", "sum"),
        )
    )
    rows: list[dict[str, object]] = [
        {
            "order_id": str(invoice.Index),
            "kind": "refund" if invoice.refund else "order",
            "customer_id": str(int(invoice.customer)),
            "ordered_at": invoice.at.to_pydatetime(),
            "country": COUNTRY_CODES.get(invoice.country),
            "revenue": Decimal(str(round(float(invoice.amount), 2))).quantize(Decimal("0.01")),
            "currency": "GBP",
            "items": int(invoice.pieces),
            "products": top[invoice.Index][:products_per_order_max],
        }
        for invoice in invoices.itertuples()
    ]
    rows.sort(key=lambda row: (row["ordered_at"], row["order_id"]))
    return rows


def main(source: Path, out: Path) -> None:
    rows = orders(pd.read_parquet(source))
    pq.write_table(
        pa.Table.from_pylist(rows, SCHEMA), out, compression="zstd", compression_level=19, row_group_size=8192
    )
    sys.stdout.write(f"{len(rows)} orders and refunds, {out.stat().st_size} bytes\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.providers.files.model import Rejected, UnreadableFile
from regulars.providers.files.source import Source, open_source


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def values(source: Source, start: int = 0) -> list[object]:
    return [row for _, row in source.rows(start)]


def test_a_plain_csv_gives_its_rows_by_column(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, "a.csv", "id, name \r\n1,Ana\r\n2,Bo\r\n"))
    assert (source.format, source.columns, source.rows_estimate) == ("csv", ("id", "name"), 2)
    assert list(source.rows()) == [(0, {"id": "1", "name": "Ana"}), (1, {"id": "2", "name": "Bo"})]


def test_latin_letters_and_semicolons_are_recognised_and_said(tmp_path: Path) -> None:
    content = 'id;name;città\n1;"Müller; Söhne";Perché\n2;Ærø;Zürich\n'.encode("latin-1")
    source = open_source(write(tmp_path, "a.csv", content))
    assert source.columns == ("id", "name", "città")
    assert values(source)[0] == {"id": "1", "name": "Müller; Söhne", "città": "Perché"}
    assert any("Windows-1252" in note and "byte 12 " in note for note in source.notes)
    assert any("semicolons" in note for note in source.notes)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_what_spreadsheets_write_is_read(tmp_path: Path, encoding: str) -> None:
    source = open_source(write(tmp_path, "a.csv", "id\tname\n1\tÄnne\n".encode(encoding)))
    assert values(source) == [{"id": "1", "name": "Änne"}]


def test_a_named_encoding_is_believed_or_refused_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,name\n1,Łódź\n".encode("windows-1250"))
    assert values(open_source(path, encoding="windows-1250")) == [{"id": "1", "name": "Łódź"}]
    with pytest.raises(UnreadableFile, match="is not utf-8"):
        open_source(path, encoding="utf-8")
    with pytest.raises(UnreadableFile, match="There is no encoding 'latin-99'"):
        open_source(path, encoding="latin-99")


def test_bytes_of_no_known_encoding_are_refused_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"byte 8 is not UTF-8, and it is not Windows-1252 either"):
        open_source(write(tmp_path, "a.csv", b"id,name\n\x81\x8d,1\n"))


def test_a_quoted_field_may_hold_newlines_quotes_and_separators(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, "a.csv", 'id,note\n1,"first\nsecond, ""quoted"""\n\n2,plain\n'))
    assert values(source) == [{"id": "1", "note": 'first\nsecond, "quoted"'}, {"id": "2", "note": "plain"}]


def test_a_bad_row_is_rejected_and_the_rest_is_read(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, "a.csv", "id,name\n1,A\0na\n2\n3,C,hi\n4,Dee\n"))
    reasons = [row.reason if isinstance(row, Rejected) else row["name"] for _, row in source.rows()]
    assert reasons == [
        "The row holds a NUL character.",
        "The row has 1 fields where the header has 2.",
        "The row has 3 fields where the header has 2.",
        "Dee",
    ]


def test_a_quote_left_open_does_not_swallow_the_file(tmp_path: Path) -> None:
    rows = "".join(f"{n},x\n" for n in range(60_000))
    source = open_source(write(tmp_path, "a.csv", f'id,name\n1,"open\n{rows}'))
    first, *rest = values(source)
    assert isinstance(first, Rejected)
    assert "is a quote left open?" in first.reason
    assert rest[-1] == {"id": "59999", "name": "x"}
    assert len(rest) > 30_000


def test_a_row_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, "a.csv", "id,name\n" + "x" * 3_000_000 + "\n2,Bo\n"))
    first, second = values(source)
    assert isinstance(first, Rejected)
    assert "longer than 1,048,576" in first.reason
    assert second == {"id": "2", "name": "Bo"}


def test_reading_resumes_in_the_middle_of_a_large_file(tmp_path: Path) -> None:
    lines = "".join(f'{n},"line\n{n}"\n' for n in range(100_000))
    source = open_source(write(tmp_path, "a.csv", "id,note\n" + lines))
    resumed = list(source.rows(50_000))
    assert resumed[0] == (50_000, {"id": "50000", "note": "line\n50000"})
    assert len(resumed) == 50_000
    assert resumed[-1][0] == 99_999


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n", "blank lines only"),
        ("a.csv", b"id,id\n1,2\n", "two columns of one name: 'id'"),
        ("a.csv", b"\x1f\x8b\x08rest", "gzip-compressed"),
        ("a.xlsx", b"PK\x03\x04rest", "spreadsheet"),
        ("a.jsonl", b'[{"a": 1}]', "one JSON array"),
        ("a.jsonl", b"hello", "is not JSON lines: row 1"),
        ("a.jsonl", b'{"a": "\xff"}', "is not UTF-8 (byte 7)"),
        ("a.parquet", b"nothing like it", "is not a Parquet file"),
    ],
)
def test_a_wrong_file_is_refused_up_front_and_says_what_it_is(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(UnreadableFile) as refused:
        open_source(write(tmp_path, name, content))
    assert said in refused.value.detail


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="There is no file"):
        open_source(tmp_path / "none.csv")
    with pytest.raises(UnreadableFile, match="is not a file"):
        open_source(tmp_path)


def test_json_lines_keep_their_types_and_reject_row_by_row(tmp_path: Path) -> None:
    lines = ['{"a": 1, "b": {"c": true}}', "", "[1]", '{"a": NaN}', '{"a": "x\\u0000y"}', "{", '{"d": [1.5]}']
    source = open_source(write(tmp_path, "a.jsonl", "\n".join(lines)))
    assert source.columns == ("a", "b", "d")
    rows = values(source)
    assert rows[0] == {"a": 1, "b": {"c": True}}
    assert [type(row).__name__ for row in rows] == ["dict", "Rejected", "Rejected", "dict", "Rejected", "dict"]


def test_a_json_row_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, "a.jsonl", '{"a": 1}\n{"b": "' + "x" * 3_000_000 + '"}\n{"c": 3}\n'))
    rows = values(source)
    assert [type(row).__name__ for row in rows] == ["dict", "Rejected", "dict"]


def parquet(folder: Path, rows: int = 10) -> Path:
    table = pa.table(
        {
            "id": pa.array(range(rows), pa.int64()),
            "at": pa.array([datetime(2026, 1, 1)] * rows, pa.timestamp("s")),  # noqa: DTZ001
            "price": pa.array([Decimal("1.50")] * rows, pa.decimal128(8, 2)),
            "tags": pa.array([["a", "b"]] * rows),
        }
    )
    path = folder / "a.parquet"
    pq.write_table(table, path, row_group_size=4)
    return path


def test_parquet_gives_native_values_and_resumes_anywhere(tmp_path: Path) -> None:
    source = open_source(parquet(tmp_path))
    assert (source.format, source.rows_estimate) == ("parquet", 10)
    position, row = next(source.rows())
    assert (position, row["id"], row["price"], row["tags"]) == (0, 0, Decimal("1.50"), ["a", "b"])  # type: ignore[index]
    for start in (3, 4, 5, 9, 10, 11):
        assert [position for position, _ in source.rows(start)] == list(range(start, 10))


def test_a_truncated_parquet_file_is_refused_up_front(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UnreadableFile, match="cut short: it ends before its footer"):
        open_source(path)


def test_a_parquet_file_with_a_broken_footer_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    content = bytearray(path.read_bytes())
    content[-100:-8] = b"\xff" * 92
    path.write_bytes(bytes(content))
    with pytest.raises(UnreadableFile, match="damaged Parquet file"):
        open_source(path)


def test_a_copy_under_another_name_is_the_same_file(tmp_path: Path) -> None:
    content = json.dumps({"a": 1})
    one, two = write(tmp_path, "a.jsonl", content), write(tmp_path, "b.jsonl", content)
    assert open_source(one).identity == open_source(two).identity
    assert open_source(write(tmp_path, "c.jsonl", content + "\n")).identity != open_source(one).identity

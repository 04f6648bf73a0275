import { expect, test } from "vitest";
import { guess, inPortions, peopleOf, readTable } from "./people";

test("a pasted column is one cell a line", () => {
  const table = readTable("ana@example.com\r\n bo@example.com \n\n");
  expect(table).toEqual({ rows: [["ana@example.com"], ["bo@example.com"]], head: null });
  expect(guess(table)).toEqual({ column: 0, kind: "email" });
});

test("a file says its columns' names, whatever separates them", () => {
  for (const mark of [",", ";", "\t"]) {
    const table = readTable(`\uFEFFName${mark}E-mail\n"Alm${mark} ""Ana""\nof Ås"${mark}ana@example.com\n`);
    expect(table.head).toEqual(["Name", "E-mail"]);
    expect(table.rows).toEqual([[`Alm${mark} "Ana"\nof Ås`, "ana@example.com"]]);
    expect(guess(table)).toEqual({ column: 1, kind: "email" });
  }
});

test("what names people is guessed from what they are called", () => {
  expect(guess(readTable("1001\n1002"))).toEqual({ column: 0, kind: "user_id" });
  expect(guess(readTable("cus_1\ncus_2"))).toEqual({ column: 0, kind: "id" });
  expect(guess(readTable("Ana,ana@example.com"))).toEqual({ column: 1, kind: "email" });
  expect(guess(readTable("id\n1001"))).toEqual({ column: 0, kind: "user_id" });
  expect(guess(readTable("customer_id\ncus_1"))).toEqual({ column: 0, kind: "id" });
  expect(guess(readTable(""))).toEqual({ column: 0, kind: "user_id" });
});

test("each is asked for once, in portions the API takes", () => {
  const people = peopleOf(readTable("b,1\na,2\nb,3\n,4"), 0, "user_id");
  expect(people).toEqual([{ user_id: "b" }, { user_id: "a" }]);
  expect(inPortions([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(inPortions([])).toEqual([]);
});

import { expect, test } from "vitest";
import { offsetOf } from "./offsetOf";

test("a line and a column, counted from 1, are a place in the text", () => {
  expect(offsetOf("ab\ncd", { line: 1, column: 1 })).toBe(0);
  expect(offsetOf("ab\ncd", { line: 2, column: 2 })).toBe(4);
  expect(offsetOf("🙂x", { line: 1, column: 2 })).toBe(2);
  expect(offsetOf("ab", { line: 9, column: 9 })).toBe(2);
});

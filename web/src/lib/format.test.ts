import { expect, test } from "vitest";
import { ago, dwell, instant, percent, plural } from "./format";

test.each([
  [0, "0%"],
  [0.0004, "<0.1%"],
  [0.0312, "3.1%"],
  [0.5, "50%"],
  [0.9996, ">99.9%"],
  [1, "100%"],
  [null, "–"],
  [Number.NaN, "–"],
])("the share %s reads %s", (share, text) => {
  expect(percent(share)).toBe(text);
});

test.each([
  [null, "–"],
  [0, "0 seconds"],
  [1, "1 second"],
  [5400, "1.5 hours"],
  [86_400, "1 day"],
  [38 * 86_400, "38 days"],
  [142 * 86_400, "4.7 months"],
  [2 * 365 * 86_400, "2 years"],
])("a stay of %s seconds reads %s", (seconds, text) => {
  expect(dwell(seconds)).toBe(text);
});

test("a moment is told from now, in both directions", () => {
  const now = new Date("2026-11-22T12:00:00Z");
  expect(ago(new Date("2026-11-22T11:59:58Z"), now)).toBe("just now");
  expect(ago(new Date("2026-11-22T11:57:00Z"), now)).toBe("3 minutes ago");
  expect(ago(new Date("2026-11-24T12:00:00Z"), now)).toBe("in 2 days");
});

test("a full instant names its zone", () => {
  const at = new Date("2026-11-22T13:03:22Z");
  expect(instant(at, "full", "Europe/Berlin")).toBe("22 Nov 2026, 14:03:22 Europe/Berlin");
});

test("one is not many", () => {
  expect(plural(1, "customer")).toBe("1 customer");
  expect(plural(2000, "customer")).toBe("2,000 customers");
});

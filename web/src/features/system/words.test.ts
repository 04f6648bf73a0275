import { expect, test } from "vitest";
import { brief, bytes, lateness, many, rate } from "./words";

test("bytes in the unit people read", () => {
  expect([0, 999, 4096, 45_100_000, 63_167_070_208, 250e12].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "4.1 KB",
    "45.1 MB",
    "63.2 GB",
    "250 TB",
  ]);
});

test("what was counted up to a ceiling says so", () => {
  expect(many({ count: 10_000, more: true })).toBe("10,000 or more");
  expect(many({ count: 3, more: false })).toBe("3");
});

test("a tick's time, a rate, a lateness", () => {
  expect([0.0214, 1.5, 90].map(brief)).toEqual(["21 ms", "1.5 seconds", "1.5 minutes"]);
  expect([0, 12.34, 3, 1234.5].map(rate)).toEqual(["0", "12.3", "3", "1,235"]);
  expect(lateness({ count: 0, late_s: 0 })).toBeNull();
  expect(lateness({ count: 2, late_s: 125 })).toBe("2.1 minutes");
});

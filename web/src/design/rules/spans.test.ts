import { expect, test } from "vitest";
import {
  durationInWords,
  endsOf,
  fromField,
  isCalendar,
  joinDuration,
  parseDays,
  parseSpan,
  splitDuration,
  toField,
  windowOf,
  withWindow,
  writeDays,
  writeSpan,
} from "./spans";

test("every span is read and written without loss", () => {
  const exact = ["1s", "15m", "2h", "90d", "2w"];
  const calendar = ["3mo", "1y", "today", "this week", "this month", "this year"];
  for (const text of [...exact, ...calendar, ...calendar.map((one) => `${one}@Asia/Tokyo`)]) {
    const span = parseSpan(text);
    expect(span && writeSpan(span)).toBe(text);
    expect(span && isCalendar(span)).toBe(!exact.includes(text));
  }
  expect(parseSpan("soon")).toBeNull();
});

test("an exact length has no time zone", () => {
  const span = parseSpan("3mo@Asia/Tokyo");
  expect(span?.kind === "length" && writeSpan({ ...span, unit: "d" })).toBe("3d");
});

test("durations are split and joined without loss", () => {
  for (const text of ["1s", "15m", "2h", "90d", "2w", "3mo", "1y"]) {
    const { amount, unit } = splitDuration(text);
    expect(joinDuration(amount, unit)).toBe(text);
  }
  expect(durationInWords("1d")).toBe("1 day");
  expect(durationInWords("2w")).toBe("2 weeks");
});

test("one window replaces the other", () => {
  const within = withWindow({ did: "A" }, "within", "2026-03-15");
  expect(within).toEqual({ did: "A", within: "30d" });
  const between = withWindow(within, "between", "2026-03-15");
  expect(between).toEqual({ did: "A", between: ["2026-03-01", "2026-03-15"] });
  expect(endsOf(between)).toEqual(["2026-03-01", "2026-03-15"]);
  expect(withWindow(between, "ever", "2026-03-15")).toEqual({ did: "A" });
  const week = withWindow(within, "this week", "2026-03-15");
  expect(week).toEqual({ did: "A", within: "this week" });
  expect(withWindow({ did: "A", within: "today@Asia/Tokyo" }, "this year", "2026-03-15")).toEqual({
    did: "A",
    within: "this year@Asia/Tokyo",
  });
  expect(withWindow(week, "within", "2026-03-15")).toEqual({ did: "A", within: "30d" });
});

test("a window is known by what is said of it", () => {
  expect(windowOf({ did: "A" })).toBe("ever");
  expect(windowOf({ did: "A", within: "3mo" })).toBe("within");
  expect(windowOf({ did: "A", within: "this month@Asia/Tokyo" })).toBe("this month");
  expect(windowOf({ did: "A", between: ["2026-01-01", "2026-01-02"] })).toBe("between");
});

test("days ahead are a number, and a text only to name their zone", () => {
  expect(parseDays(7)).toEqual({ days: 7, zone: null });
  expect(parseDays("7d")).toEqual({ days: 7, zone: null });
  expect(parseDays("7d@Asia/Tokyo")).toEqual({ days: 7, zone: "Asia/Tokyo" });
  expect(writeDays(7, null)).toBe(7);
  expect(writeDays(400, "Asia/Tokyo")).toBe("365d@Asia/Tokyo");
});

test("an instant goes through a date-and-time field without loss of a second", () => {
  for (const instant of ["2026-01-31T09:00:00Z", "2026-10-25T00:30:15Z"]) {
    expect(fromField(toField(instant))).toBe(instant);
  }
  expect(toField("whenever")).toBe("");
  expect(fromField("")).toBe("");
});

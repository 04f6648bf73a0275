import { count, dwell } from "@/lib/format";

const UNITS: [number, string][] = [
  [1e12, "TB"],
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "KB"],
];

/** 63100000000 → "63.1 GB". */
export function bytes(many: number): string {
  const [size, unit] = UNITS.find(([least]) => many >= least) ?? [1, "B"];
  const value = many / size;
  return `${value >= 100 || unit === "B" ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

/** What was counted no further than a ceiling: "10,000 or more". */
export const many = (waiting: { count: number; more: boolean }): string =>
  `${count(waiting.count)}${waiting.more ? " or more" : ""}`;

/** A tick's time: milliseconds below one second. */
export const brief = (seconds: number): string =>
  seconds < 1 ? `${Math.round(seconds * 1000)} ms` : dwell(seconds);

/** 12.34 → "12.3": a rate with one decimal, none where there is nothing after the point. */
export const rate = (perSecond: number): string =>
  Number.isInteger(perSecond) || perSecond >= 100 ? count(perSecond) : perSecond.toFixed(1);

/** What is late, and by how much; null when nothing is. */
export const lateness = (waiting: { count: number; late_s: number }): string | null =>
  waiting.count === 0 ? null : dwell(waiting.late_s);

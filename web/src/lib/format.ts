const wholeNumber = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compactNumber = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** 12345 → "12,345". */
export const count = (value: number): string => wholeNumber.format(value);

/** 12345 → "12.3K": for marks too small for every digit. */
export const compact = (value: number): string => compactNumber.format(value);

/** 0.0312 → "3.1%"; a share that is neither 0 nor 1 is never shown as "0%" or "100%". */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return "–";
  const shown = share * 100;
  if (shown > 0 && shown < 0.1) return "<0.1%";
  if (shown < 100 && shown > 99.9) return ">99.9%";
  return `${shown >= 10 || Number.isInteger(shown) ? Math.round(shown) : shown.toFixed(1)}%`;
}

/** "1 customer", "2 customers". */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

const UNITS: [number, string][] = [
  [365 * 86_400, "year"],
  [30 * 86_400, "month"],
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** Seconds in words with at most one decimal: 160000 → "1.9 days", 38 days stay days; null → "–". */
export function dwell(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  const [size, name] = UNITS.find(([unit, word]) => seconds >= unit * (word === "month" ? 3 : 1)) ?? [
    1,
    "second",
  ];
  const value = seconds / size;
  const shown = value >= 10 ? Math.round(value) : Math.round(value * 10) / 10;
  return `${shown} ${name}${shown === 1 ? "" : "s"}`;
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** "3 minutes ago", "in 2 days", measured from `now`. */
export function ago(at: Date, now: Date): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  const far = Math.abs(seconds);
  if (far < 5) return "just now";
  const [size, name] = UNITS.find(([unit]) => far >= unit) ?? [1, "second"];
  return relative.format(Math.round(seconds / size), name as Intl.RelativeTimeFormatUnit);
}

export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** "22 Nov 2026, 14:03" in the reader's zone, or with seconds and the zone's name. */
export function instant(at: Date, detail: "minute" | "full" = "minute", zone = localZone()): string {
  const written = at.toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: detail === "full" ? "2-digit" : undefined,
    timeZone: zone,
  });
  return detail === "full" ? `${written} ${zone}` : written;
}

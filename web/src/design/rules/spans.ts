/** Lengths of time as the rule language writes them: "90d" exactly, "3mo" and "this week" by the calendar. */
import { isNode, type Node } from "./tree";

export const UNITS = [
  { value: "s", label: "seconds" },
  { value: "m", label: "minutes" },
  { value: "h", label: "hours" },
  { value: "d", label: "days" },
  { value: "w", label: "weeks" },
] as const;

export const CALENDAR_UNITS = [
  ...UNITS,
  { value: "mo", label: "calendar months" },
  { value: "y", label: "calendar years" },
] as const;

export const PERIODS = ["today", "this week", "this month", "this year"] as const;
export type Period = (typeof PERIODS)[number];

/** `zone` null: the company's. It is only said of calendar spans. */
export type Span =
  | { kind: "length"; amount: number; unit: string; zone: string | null }
  | { kind: "period"; period: Period; zone: string | null };

const FORM = /^(?:(\d+)(s|m|h|d|w|mo|y)|(today|this week|this month|this year))(?:@(.*))?$/;

/** Null for what is no span: it is shown as it is written. */
export function parseSpan(text: string): Span | null {
  const match = FORM.exec(text);
  if (!match) return null;
  const zone = match[4] ?? null;
  if (match[3]) return { kind: "period", period: match[3] as Period, zone };
  return { kind: "length", amount: Number(match[1]), unit: match[2] as string, zone };
}

export function writeSpan(span: Span): string {
  const zone = span.zone !== null && isCalendar(span) ? `@${span.zone}` : "";
  const length = span.kind === "period" ? span.period : joinDuration(span.amount, span.unit);
  return `${length}${zone}`;
}

export const isCalendar = (span: Span): boolean =>
  span.kind === "period" || span.unit === "mo" || span.unit === "y";

/** `"90d"` is 90 and `d`; anything that is no exact duration is read as days. */
export function splitDuration(text: string): { amount: number; unit: string } {
  const span = parseSpan(text);
  return span?.kind === "length"
    ? { amount: span.amount, unit: span.unit }
    : { amount: Number.parseInt(text, 10) || 1, unit: "d" };
}

export function joinDuration(amount: number, unit: string): string {
  return `${Math.max(1, Math.round(amount))}${unit}`;
}

export function durationInWords(text: string): string {
  const { amount, unit } = splitDuration(text);
  const label = CALENDAR_UNITS.find((each) => each.value === unit)?.label ?? "days";
  return `${amount} ${amount === 1 ? label.slice(0, -1) : label}`;
}

/** How the window of an event is chosen: not at all, a length back from now, the present period, or two ends. */
export type Window = "ever" | "within" | "between" | Period;

export function windowOf(node: Node): Window {
  if ("between" in node) return "between";
  if (!("within" in node)) return "ever";
  const span = typeof node.within === "string" ? parseSpan(node.within) : null;
  return span?.kind === "period" ? span.period : "within";
}

/** `today` is the date on which a fresh range ends. What was said of another kind of window is dropped. */
export function withWindow(node: Node, window: Window, today: string): Node {
  const { within, between, ...rest } = node;
  const span = typeof within === "string" ? parseSpan(within) : null;
  if (window === "ever") return rest;
  if (window === "between") return { ...rest, between: between ?? [`${today.slice(0, 7)}-01`, today] };
  if (window === "within") return { ...rest, within: span?.kind === "length" ? within : "30d" };
  return { ...rest, within: writeSpan({ kind: "period", period: window, zone: span?.zone ?? null }) };
}

/** Days ahead of an anniversary: 7, "7d" and "7d@Asia/Tokyo" are written; without a zone a plain number is. */
export function parseDays(value: unknown): { days: number; zone: string | null } {
  if (typeof value === "number") return { days: value, zone: null };
  const match = /^(\d+)d?(?:@(.*))?$/.exec(String(value));
  return { days: Number(match?.[1] ?? 0), zone: match?.[2] ?? null };
}

export function writeDays(days: number, zone: string | null): number | string {
  const whole = Math.min(365, Math.max(0, Math.round(days)));
  return zone === null ? whole : `${whole}d@${zone}`;
}

/** An instant as a date-and-time field shows it, in the reader's own zone; "" for what is none. */
export function toField(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "";
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const seconds = at.getSeconds() > 0 ? `:${two(at.getSeconds())}` : "";
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}${seconds}`;
}

export function fromField(field: string): string {
  const at = new Date(field);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString().replace(".000Z", "Z");
}

/** Whether a moment names an hour; a bare date is the whole day. */
export const isInstant = (moment: string): boolean => moment.length > 10;

export const endsOf = (node: Node): [string, string] => {
  const ends: unknown[] = Array.isArray(node.between) ? node.between : [];
  const text = (end: unknown) => (typeof end === "string" ? end : isNode(end) ? JSON.stringify(end) : "");
  return [text(ends[0]), text(ends[1])];
};

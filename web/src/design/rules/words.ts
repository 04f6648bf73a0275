/**
 * The operators a trait or a property can be held against, and how each reads and is filled in.
 * `takes` is the kind of value asked for: nothing, one text, several, a number, an instant or a duration.
 */
import { isNode, type Node } from "./tree";

export type Takes = "nothing" | "text" | "texts" | "number" | "instant" | "duration";

export interface Operator {
  key: string;
  words: string;
  takes: Takes;
}

export const OPERATORS: readonly Operator[] = [
  { key: "is", words: "is", takes: "text" },
  { key: "is_not", words: "is not", takes: "text" },
  { key: "in", words: "is one of", takes: "texts" },
  { key: "not_in", words: "is none of", takes: "texts" },
  { key: "contains", words: "contains", takes: "text" },
  { key: "starts_with", words: "starts with", takes: "text" },
  { key: "exists", words: "is known", takes: "nothing" },
  { key: "absent", words: "is not known", takes: "nothing" },
  { key: "at_least", words: "is at least", takes: "number" },
  { key: "more_than", words: "is more than", takes: "number" },
  { key: "at_most", words: "is at most", takes: "number" },
  { key: "less_than", words: "is less than", takes: "number" },
  { key: "before", words: "is before", takes: "instant" },
  { key: "after", words: "is after", takes: "instant" },
  { key: "within_last", words: "is within the last", takes: "duration" },
  { key: "not_within_last", words: "is not within the last", takes: "duration" },
];

/** A property is a fact of its event's own time: it is not held against the clock. */
export const PROPERTY_OPERATORS = OPERATORS.filter(
  ({ takes }) => takes !== "instant" && takes !== "duration",
);

const BY_KEY = new Map(OPERATORS.map((operator) => [operator.key, operator]));
const IS = OPERATORS[0] as Operator;

export function operatorOf(condition: Node): Operator {
  for (const key of Object.keys(condition)) {
    const operator = BY_KEY.get(key);
    if (operator) return operator;
  }
  return IS;
}

const EMPTY: Record<Takes, unknown> = {
  nothing: true,
  text: "",
  texts: [],
  number: 0,
  instant: "",
  duration: "30d",
};

function carried(value: unknown, from: Takes, to: Takes): unknown {
  if (from === to) return value ?? EMPTY[to];
  if (from === "text" && to === "texts") return value === "" || value === undefined ? [] : [value];
  if (from === "texts" && to === "text") return Array.isArray(value) ? (value[0] ?? "") : "";
  return EMPTY[to];
}

/** Swaps the operator and keeps the value where it still fits. */
export function withOperator(condition: Node, key: string): Node {
  const before = operatorOf(condition);
  const after = BY_KEY.get(key) ?? IS;
  const kept = Object.fromEntries(
    Object.entries(condition).filter(
      ([name]) => name !== before.key && (name !== "held_for" || key === "is"),
    ),
  );
  return { ...kept, [after.key]: carried(condition[before.key], before.takes, after.takes) };
}

export const UNITS = [
  { value: "s", label: "seconds" },
  { value: "m", label: "minutes" },
  { value: "h", label: "hours" },
  { value: "d", label: "days" },
  { value: "w", label: "weeks" },
] as const;

/** `"90d"` is 90 and `d`; anything else is read as days. */
export function splitDuration(text: string): { amount: number; unit: string } {
  const match = /^(\d+)(s|m|h|d|w)$/.exec(text);
  return match
    ? { amount: Number(match[1]), unit: match[2] as string }
    : { amount: Number.parseInt(text, 10) || 1, unit: "d" };
}

export function joinDuration(amount: number, unit: string): string {
  return `${Math.max(1, Math.round(amount))}${unit}`;
}

export function durationInWords(text: string): string {
  const { amount, unit } = splitDuration(text);
  const label = UNITS.find((each) => each.value === unit)?.label ?? "days";
  return `${amount} ${amount === 1 ? label.slice(0, -1) : label}`;
}

export type Naming = "one" | "several" | "prefix" | "any";

export function namingOf(did: unknown): Naming {
  if (Array.isArray(did)) return "several";
  if (isNode(did)) return "any" in did ? "any" : "prefix";
  return "one";
}

export function withNaming(did: unknown, naming: Naming): unknown {
  const first = Array.isArray(did) ? (did[0] ?? "") : isNode(did) ? (did.prefix ?? "") : (did ?? "");
  if (naming === "several") return Array.isArray(did) ? did : first === "" ? [] : [first];
  if (naming === "prefix") return { prefix: first };
  return naming === "any" ? { any: true } : first;
}

export type Times = "at_least" | "exactly" | "at_most" | "never";

/** Unsaid is "at least once"; "at most 0 times" is how a tree says never. */
export function timesOf(node: Node): { times: Times; count: number } {
  const said = isNode(node.times) ? node.times : {};
  if (said.at_most === 0) return { times: "never", count: 0 };
  for (const times of ["at_least", "exactly", "at_most"] as const) {
    if (typeof said[times] === "number") return { times, count: said[times] };
  }
  return { times: "at_least", count: 1 };
}

export function withTimes(node: Node, times: Times, count: number): Node {
  const { times: _, ...rest } = node;
  if (times === "never") return { ...rest, times: { at_most: 0 } };
  const whole = Math.max(times === "exactly" ? 0 : 1, Math.round(count));
  return times === "at_least" && whole === 1 ? rest : { ...rest, times: { [times]: whole } };
}

export type Span = "ever" | "within" | "between";

export function spanOf(node: Node): Span {
  return "within" in node ? "within" : "between" in node ? "between" : "ever";
}

/** `today` is the company's date now, as the server told it; a fresh range ends there. */
export function withSpan(node: Node, span: Span, today: string): Node {
  const { within, between, ...rest } = node;
  if (span === "within") return { ...rest, within: within ?? "30d" };
  if (span === "between") return { ...rest, between: between ?? [`${today.slice(0, 7)}-01`, today] };
  return rest;
}

/** What was typed, as the tree holds it: a text stays a text, so `10` and `"10"` are equal by the rule's own meaning. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

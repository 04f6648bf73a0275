/**
 * The operators a trait or a property can be held against, and how each reads and is filled in.
 * `takes` is the kind of value asked for: nothing, one text, several, a number, an instant, a span or days ahead.
 */
import { isNode, type Node } from "./tree";

export type Takes = "nothing" | "text" | "texts" | "number" | "instant" | "span" | "days";

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
  { key: "within_last", words: "is within", takes: "span" },
  { key: "not_within_last", words: "is not within", takes: "span" },
  { key: "anniversary_in", words: "has its anniversary", takes: "days" },
];

/** A property is a fact of its event's own time: it is not held against the clock. */
export const PROPERTY_OPERATORS = OPERATORS.filter(
  ({ takes }) => takes !== "instant" && takes !== "span" && takes !== "days",
);

/** What a number over events is compared by. */
export const NUMBER_OPERATORS = OPERATORS.filter(({ takes }) => takes === "number");

/** What a value can have passed for a while: a test that only a value passes. */
const HELD = new Set([
  ...["is", "in", "contains", "starts_with", "exists"],
  ...NUMBER_OPERATORS.map(({ key }) => key),
]);
export const mayBeHeld = (condition: Node): boolean => HELD.has(operatorOf(condition).key);

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
  span: "30d",
  days: 7,
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
      ([name]) => name !== before.key && (name !== "held_for" || HELD.has(key)),
    ),
  );
  return { ...kept, [after.key]: carried(condition[before.key], before.takes, after.takes) };
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

/** What was typed, as the tree holds it: a text stays a text, so `10` and `"10"` are equal by the rule's own meaning. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

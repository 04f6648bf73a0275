/** The kinds of node a rule is made of: how one is told from its keys, what a fresh one holds, when one is complete. */
import { childrenOf, isNode, type Node } from "./tree";

export const KINDS = [
  "all",
  "any",
  "not",
  "everyone",
  "trait",
  "then_not",
  "did",
  "aggregate",
  "endmost",
  "sequence",
  "stage",
  "audience",
  "list",
  "bucket",
  "pulse",
] as const;

/** `other` is what this page does not know: it is shown as it is written, and kept. */
export type Kind = (typeof KINDS)[number] | "other";

export const HOW = ["sum", "avg", "min", "max", "distinct"] as const;
export type How = (typeof HOW)[number];
export const ENDS = ["last", "first"] as const;
export type End = (typeof ENDS)[number];

export const howOf = (node: Node): How | null => HOW.find((how) => how in node) ?? null;
export const endOf = (node: Node): End | null => ENDS.find((end) => end in node) ?? null;

export function kindOf(node: Node): Kind {
  if ("then_not" in node) return "then_not";
  if ("of" in node && howOf(node)) return "aggregate";
  if ("has" in node && endOf(node)) return "endmost";
  return KINDS.find((kind) => kind in node) ?? "other";
}

/** A fresh condition of each kind, incomplete on purpose: what is missing is seen, and nothing is asked before. */
export function freshNode(kind: Kind): Node {
  switch (kind) {
    case "all":
      return { all: [] };
    case "any":
      return { any: [] };
    case "not":
      return { not: { everyone: true } };
    case "trait":
      return { trait: "", is: "" };
    case "did":
      return { did: "" };
    case "then_not":
      return { did: "", then_not: { did: "" }, for: "1d" };
    case "aggregate":
      return { sum: "", of: { did: "" }, at_least: 100 };
    case "endmost":
      return { last: { did: "" }, has: [{ property: "", is: "" }] };
    case "sequence":
      return { sequence: [{ did: "" }, { did: "" }], within: "7d" };
    case "stage":
    case "audience":
    case "list":
      return { [kind]: "" };
    case "bucket":
      return { bucket: "", share: 0.1 };
    case "pulse":
      return { pulse: "" };
    case "everyone":
    case "other":
      return { everyone: true };
  }
}

/** Whether every field a rule needs is filled in. What the fields mean is judged by the API alone. */
export function isComplete(node: Node): boolean {
  const kind = kindOf(node);
  switch (kind) {
    case "all":
    case "any": {
      const children = childrenOf(node);
      return children.length > 0 && children.every(isComplete);
    }
    case "not":
      return isNode(node.not) && isComplete(node.not);
    case "did":
      return isWhole(node);
    case "then_not":
      return isWhole(node) && isNode(node.then_not) && isWhole(node.then_not);
    case "aggregate":
      return Object.values(node).every(isSaid) && isNode(node.of) && isWhole(node.of);
    case "endmost": {
      const inner = node[endOf(node) ?? "last"];
      return isNode(inner) && isWhole(inner) && areTests(node.has, 1);
    }
    case "sequence":
      return (
        Array.isArray(node.sequence) &&
        node.sequence.every((step) => isNode(step) && isWhole(step)) &&
        isBounded(node)
      );
    case "everyone":
    case "other":
      return true;
    default:
      return Object.values(node).every(isSaid);
  }
}

/** An event with its conditions and window. */
function isWhole(act: Node): boolean {
  const named = isNode(act.did) ? act.did.prefix !== "" : isSaid(act.did);
  return named && areTests(act.where ?? [], 0) && isBounded(act);
}

const isBounded = ({ between }: Node): boolean => !Array.isArray(between) || between.every(isSaid);

const areTests = (tests: unknown, least: number): boolean =>
  Array.isArray(tests) &&
  tests.length >= least &&
  tests.every((test) => isNode(test) && Object.values(test).every(isSaid));

const isSaid = (value: unknown): boolean =>
  value !== "" && value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);

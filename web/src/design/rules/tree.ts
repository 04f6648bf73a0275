/**
 * Edits of a rule's canonical tree. A rule is plain JSON, every edit is a pure function from one
 * tree to the next, and what an edit does not mention stays as it was: a node this page cannot draw
 * survives a round trip through it.
 */
import type { RuleTree } from "@/api";

export type Node = RuleTree;
/** Keys and positions from the root down: `["all", 0, "not"]`. */
export type Path = readonly (string | number)[];

export type Kind = "all" | "any" | "not" | "everyone" | "trait" | "did" | "stage" | "audience" | "other";

const KINDS: readonly Kind[] = ["all", "any", "not", "everyone", "trait", "stage", "audience"];

/** `did` with `then_not` is another condition than `did` alone, and is left to the JSON view. */
export function kindOf(node: Node): Kind {
  if ("did" in node) return "then_not" in node ? "other" : "did";
  return KINDS.find((kind) => kind in node) ?? "other";
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function childrenOf(node: Node): Node[] {
  const children = node.all ?? node.any;
  return Array.isArray(children) ? children.filter(isNode) : [];
}

export function nodeAt(tree: unknown, path: Path): unknown {
  let here: unknown = tree;
  for (const key of path) {
    if (Array.isArray(here) && typeof key === "number") here = here[key];
    else if (isNode(here)) here = here[String(key)];
    else return undefined;
  }
  return here;
}

function replaced(here: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(here))
    return here.map((item, index) => (index === key ? replaced(item, rest, value) : item));
  return isNode(here) ? { ...here, [key]: replaced(here[String(key)], rest, value) } : here;
}

export function replaceAt(tree: Node, path: Path, value: unknown): Node {
  const next = replaced(tree, path, value);
  return isNode(next) ? next : tree;
}

/** Removing the root, or the only thing a `not` holds, leaves the rule that every customer fits. */
export function removeAt(tree: Node, path: Path): Node {
  if (path.length === 0) return { everyone: true };
  const parent = path.slice(0, -1);
  const last = path[path.length - 1];
  const siblings = nodeAt(tree, parent);
  if (!Array.isArray(siblings)) return removeAt(tree, parent);
  return replaceAt(
    tree,
    parent,
    siblings.filter((_, index) => index !== last),
  );
}

/** Adds to a group; anything else becomes the first part of a new `all` that holds both. */
export function addTo(tree: Node, path: Path, child: Node): Node {
  const here = nodeAt(tree, path);
  if (!isNode(here)) return tree;
  const kind = kindOf(here);
  if (kind === "all" || kind === "any") {
    return replaceAt(tree, path, { ...here, [kind]: [...childrenOf(here), child] });
  }
  return replaceAt(tree, path, kind === "everyone" ? { all: [child] } : { all: [here, child] });
}

/** Moves a part of a group one place up (-1) or down (+1); at the edge nothing happens. */
export function moveAt(tree: Node, path: Path, by: -1 | 1): Node {
  const siblings = nodeAt(tree, path.slice(0, -1));
  const from = path[path.length - 1];
  if (!Array.isArray(siblings) || typeof from !== "number") return tree;
  const to = from + by;
  if (to < 0 || to >= siblings.length) return tree;
  const moved = [...siblings];
  const [taken] = moved.splice(from, 1);
  moved.splice(to, 0, taken);
  return replaceAt(tree, path.slice(0, -1), moved);
}

export function duplicateAt(tree: Node, path: Path): Node {
  const siblings = nodeAt(tree, path.slice(0, -1));
  const at = path[path.length - 1];
  if (!Array.isArray(siblings) || typeof at !== "number") return tree;
  const copy = structuredClone(siblings[at]);
  return replaceAt(tree, path.slice(0, -1), [...siblings.slice(0, at + 1), copy, ...siblings.slice(at + 1)]);
}

/** `x` becomes `not x`, and `not x` becomes `x`. */
export function negateAt(tree: Node, path: Path): Node {
  const here = nodeAt(tree, path);
  if (!isNode(here)) return tree;
  return replaceAt(tree, path, isNode(here.not) ? here.not : { not: here });
}

export function groupAt(tree: Node, path: Path, kind: "all" | "any"): Node {
  const here = nodeAt(tree, path);
  return isNode(here) ? replaceAt(tree, path, { [kind]: [here] }) : tree;
}

/** Puts the parts of a group where the group was; a root keeps its group unless it has one part. */
export function ungroupAt(tree: Node, path: Path): Node {
  const here = nodeAt(tree, path);
  if (!isNode(here)) return tree;
  const children = childrenOf(here);
  const siblings = nodeAt(tree, path.slice(0, -1));
  const at = path[path.length - 1];
  if (path.length > 0 && Array.isArray(siblings) && typeof at === "number") {
    return replaceAt(tree, path.slice(0, -1), [
      ...siblings.slice(0, at),
      ...children,
      ...siblings.slice(at + 1),
    ]);
  }
  return children.length === 1 ? replaceAt(tree, path, children[0]) : tree;
}

export function switchGroup(node: Node, to: "all" | "any"): Node {
  return { [to]: childrenOf(node) };
}

/**
 * A group of one says no more than the one, and reads worse. `prefix` is what the API's pointers into the shorter
 * rule lack to point into the one on the page.
 */
export function withoutLoneGroup(rule: Node): { rule: Node; prefix: string } {
  const kind = kindOf(rule);
  const [only, ...others] = childrenOf(rule);
  if ((kind !== "all" && kind !== "any") || only === undefined || others.length > 0)
    return { rule, prefix: "" };
  const inner = withoutLoneGroup(only);
  return { rule: inner.rule, prefix: `/${kind}/0${inner.prefix}` };
}

/** A fresh condition of each kind, incomplete on purpose: the answer of the preview says what is missing. */
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
    case "stage":
      return { stage: "" };
    case "audience":
      return { audience: "" };
    case "everyone":
    case "other":
      return { everyone: true };
  }
}

/** Whether every field a condition needs is filled in; the preview is not asked before. */
export function isComplete(node: Node): boolean {
  const kind = kindOf(node);
  if (kind === "all" || kind === "any") {
    const children = childrenOf(node);
    return children.length > 0 && children.every(isComplete);
  }
  if (kind === "not") return isNode(node.not) && isComplete(node.not);
  if (kind === "stage" || kind === "audience") return isSaid(node[kind]);
  if (kind === "trait") return Object.values(node).every(isSaid);
  if (kind !== "did") return true;
  const where = Array.isArray(node.where) ? node.where : [];
  const between = Array.isArray(node.between) ? node.between : [];
  const named = isNode(node.did) ? node.did.prefix !== "" : isSaid(node.did);
  const conditions = where.every((condition) => isNode(condition) && Object.values(condition).every(isSaid));
  return named && conditions && between.every(isSaid);
}

const isSaid = (value: unknown): boolean =>
  value !== "" && value !== null && !(Array.isArray(value) && value.length === 0);

/** RFC 6901: `["all", 0, "a/b"]` is `/all/0/a~1b`. */
export function toPointer(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

export interface Fault {
  pointer: string;
  detail: string;
}

/**
 * The faults to show at one node: those that point at it or at a field of it, but not at a rule inside it.
 * `children` are the pointers of the rules inside.
 */
export function faultsAt(faults: readonly Fault[], pointer: string, children: readonly string[]): Fault[] {
  const within = (fault: Fault, base: string) =>
    fault.pointer === base || fault.pointer.startsWith(`${base}/`);
  return faults.filter((fault) => within(fault, pointer) && !children.some((child) => within(fault, child)));
}

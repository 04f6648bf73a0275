/**
 * Edits of a rule's canonical tree. A rule is plain JSON, every edit is a pure function from one
 * tree to the next, and what an edit does not mention stays as it was: a node this page cannot draw
 * survives a round trip through it.
 */
import type { RuleTree } from "@/api";

export type Node = RuleTree;
/** Keys and positions from the root down: `["all", 0, "not"]`. */
export type Path = readonly (string | number)[];

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export type Group = "all" | "any";

export const groupOf = (node: Node): Group | null => ("all" in node ? "all" : "any" in node ? "any" : null);

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
  const kind = groupOf(here);
  if (kind !== null) return replaceAt(tree, path, { ...here, [kind]: [...childrenOf(here), child] });
  return replaceAt(tree, path, "everyone" in here ? { all: [child] } : { all: [here, child] });
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

export function groupAt(tree: Node, path: Path, kind: Group): Node {
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

export function switchGroup(node: Node, to: Group): Node {
  return { [to]: childrenOf(node) };
}

/**
 * Where a part lands that leaves its group upwards (`out`: beside the group) or goes into the group beside it
 * (`in`: the one above if it is a group, else the one below). Null where there is no such place.
 */
export function landingOf(tree: Node, path: Path, way: "in" | "out"): Path | null {
  const at = path[path.length - 1];
  const list = path.slice(0, -1);
  const siblings = nodeAt(tree, list);
  if (!Array.isArray(siblings) || typeof at !== "number") return null;
  if (way === "out") {
    // From [.., "any", 2] over the group, and over the `not` around it, to the place behind it.
    let group = list.slice(0, -1);
    while (group.length > 0 && group[group.length - 1] === "not") group = group.slice(0, -1);
    const place = group[group.length - 1];
    return typeof place === "number" ? [...group.slice(0, -1), place + 1] : null;
  }
  for (const [beside, shift] of [
    [at - 1, 0],
    [at + 1, -1],
  ] as const) {
    const near: unknown = siblings[beside];
    const inside = isNode(near) ? groupInside(near) : null;
    if (inside) return [...list, beside + shift, ...inside.path, inside.kind, inside.size];
  }
  return null;
}

function groupInside(node: Node): { path: Path; kind: Group; size: number } | null {
  if (isNode(node.not)) {
    const inner = groupInside(node.not);
    return inner && { ...inner, path: ["not", ...inner.path] };
  }
  const kind = groupOf(node);
  return kind && { path: [], kind, size: childrenOf(node).length };
}

/** Takes a part out of its group, or into the one beside it, and says where it is then. A group left empty goes. */
export function carryAt(tree: Node, path: Path, way: "in" | "out"): { tree: Node; path: Path } | null {
  const to = landingOf(tree, path, way);
  const taken = nodeAt(tree, path);
  if (to === null || !isNode(taken)) return null;
  const place = to[to.length - 1] as number;
  const put = (rule: Node): Node => {
    const list = nodeAt(rule, to.slice(0, -1));
    if (!Array.isArray(list)) return rule;
    return replaceAt(rule, to.slice(0, -1), [...list.slice(0, place), taken, ...list.slice(place)]);
  };
  if (way === "in") return { tree: put(removeAt(tree, path)), path: to };
  // The place is behind the group, so the part is still where it was when it is taken from there.
  const next = removeAt(put(tree), path);
  const group = path.slice(0, -2);
  const left = nodeAt(next, group);
  if (!isNode(left) || childrenOf(left).length > 0) return { tree: next, path: to };
  return { tree: removeAt(next, group), path: [...to.slice(0, -1), place - 1] };
}

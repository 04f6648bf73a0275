/** What the API says is wrong with a rule, and the part of the page it is shown at. */
import { childrenOf, groupOf, type Node, type Path } from "./tree";

export interface Fault {
  pointer: string;
  detail: string;
}

/** RFC 6901: `["all", 0, "a/b"]` is `/all/0/a~1b`. */
export function toPointer(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

const within = (pointer: string, base: string): boolean => pointer === base || pointer.startsWith(`${base}/`);

/**
 * The faults to show at one node: those that point at it or at a field of it, but not at a rule inside it.
 * `children` are the pointers of the rules inside.
 */
export function faultsAt(faults: readonly Fault[], pointer: string, children: readonly string[]): Fault[] {
  return faults.filter(
    (fault) => within(fault.pointer, pointer) && !children.some((child) => within(fault.pointer, child)),
  );
}

/**
 * A group of one says no more than the one, and reads worse. `prefix` is what the API's pointers into the shorter
 * rule lack to point into the one on the page.
 */
export function withoutLoneGroup(rule: Node): { rule: Node; prefix: string } {
  const kind = groupOf(rule);
  const [only, ...others] = childrenOf(rule);
  if (kind === null || only === undefined || others.length > 0) return { rule, prefix: "" };
  const inner = withoutLoneGroup(only);
  return { rule: inner.rule, prefix: `/${kind}/0${inner.prefix}` };
}

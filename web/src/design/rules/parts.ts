import type { Node } from "./tree";

/** What the fields of a condition are given: the condition, and how to say what it is from now on. */
export interface Part {
  node: Node;
  change: (node: Node) => void;
  /** It was just added: its first field takes the focus. */
  focus: boolean;
}

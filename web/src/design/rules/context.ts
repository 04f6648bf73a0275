import { createContext, useContext } from "react";
import type { Vocabulary } from "@/api";
import type { Fault, Node, Path } from "./tree";

export interface RuleEditing {
  vocabulary: Vocabulary;
  faults: readonly Fault[];
  /** The condition added last, by its pointer: its first field takes the focus. */
  fresh: string | null;
  edit: (change: (tree: Node) => Node) => void;
  add: (path: Path, child: Node) => void;
  remove: (path: Path) => void;
}

export const NO_VOCABULARY: Vocabulary = { events: [], traits: [], audiences: [], stages: [] };

export const RuleContext = createContext<RuleEditing>({
  vocabulary: NO_VOCABULARY,
  faults: [],
  fresh: null,
  edit: () => {},
  add: () => {},
  remove: () => {},
});

export const useRuleEditing = (): RuleEditing => useContext(RuleContext);

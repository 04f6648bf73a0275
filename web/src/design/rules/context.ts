import { createContext, useContext } from "react";
import type { Vocabulary } from "@/api";
import type { Suggest } from "@/lib/suggestions";
import type { Fault } from "./faults";
import type { Node, Path } from "./tree";

export interface RuleEditing {
  rule: Node;
  vocabulary: Vocabulary;
  faults: readonly Fault[];
  /** Null: only what the vocabulary holds is suggested. */
  suggest: Suggest | null;
  /** The condition added last, by its pointer: its first field takes the focus. */
  fresh: string | null;
  /** `of`: edits with the same name that follow each other quickly are one step of the history. */
  edit: (change: (tree: Node) => Node, of?: string) => void;
  /** Like `edit`, of a part that is somewhere else then: the focus follows it, and `said` is read aloud. */
  move: (change: (tree: Node) => Node, to: Path, said: string) => void;
  add: (path: Path, child: Node) => void;
  remove: (path: Path) => void;
}

export const NO_VOCABULARY: Vocabulary = { events: [], traits: [], audiences: [], stages: [], lists: [] };

export const RuleContext = createContext<RuleEditing>({
  rule: { everyone: true },
  vocabulary: NO_VOCABULARY,
  faults: [],
  suggest: null,
  fresh: null,
  edit: () => {},
  move: () => {},
  add: () => {},
  remove: () => {},
});

export const useRuleEditing = (): RuleEditing => useContext(RuleContext);

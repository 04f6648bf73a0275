import { useId, useMemo, useState } from "react";
import type { Vocabulary } from "@/api";
import { AddCondition } from "./AddCondition";
import { NO_VOCABULARY, RuleContext, type RuleEditing } from "./context";
import { NodeCard } from "./NodeCard";
import styles from "./rules.module.css";
import {
  addTo,
  childrenOf,
  type Fault,
  isNode,
  kindOf,
  type Node,
  nodeAt,
  type Path,
  removeAt,
  toPointer,
} from "./tree";

/** Where a fresh child of the node at `path` ends up: addTo may have put a group around what was there. */
function landing(tree: Node, path: Path): string {
  const here = nodeAt(tree, path);
  if (!isNode(here)) return toPointer(path);
  const kind = kindOf(here) === "any" ? "any" : "all";
  return toPointer([...path, kind, childrenOf(here).length - 1]);
}

/**
 * Edits a rule as nested groups of conditions. The rule is the caller's; every edit calls `onChange`
 * with the next tree. `faults` are the API's, and each is shown at the field it points to.
 */
export function RuleBuilder({
  rule,
  onChange,
  vocabulary = NO_VOCABULARY,
  faults = [],
}: {
  rule: Node;
  onChange: (rule: Node) => void;
  vocabulary?: Vocabulary | undefined;
  faults?: readonly Fault[] | undefined;
}) {
  const [fresh, setFresh] = useState<string | null>(null);
  const id = useId();
  const editing = useMemo<RuleEditing>(
    () => ({
      vocabulary,
      faults,
      fresh,
      edit: (change) => {
        setFresh(null);
        onChange(change(rule));
      },
      add: (path, child) => {
        const next = addTo(rule, path, child);
        setFresh(landing(next, path));
        onChange(next);
      },
      remove: (path) => {
        setFresh(null);
        onChange(removeAt(rule, path));
        document.getElementById(`${id}-add`)?.focus();
      },
    }),
    [vocabulary, faults, fresh, rule, onChange, id],
  );
  const kind = kindOf(rule);
  const grouped = kind === "all" || kind === "any";
  return (
    <RuleContext value={editing}>
      <div className={styles.builder}>
        <NodeCard node={rule} path={[]} at={0} of={1} />
        {grouped ? null : <AddCondition path={[]} id={`${id}-add`} />}
      </div>
    </RuleContext>
  );
}

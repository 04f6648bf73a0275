import { useEffect, useMemo, useRef, useState } from "react";
import type { Vocabulary } from "@/api";
import type { Suggest } from "@/lib/suggestions";
import { AddCondition } from "./AddCondition";
import { NO_VOCABULARY, RuleContext, type RuleEditing } from "./context";
import { type Fault, toPointer } from "./faults";
import { NodeCard } from "./NodeCard";
import styles from "./rules.module.css";
import { addTo, childrenOf, groupOf, isNode, type Node, nodeAt, type Path, removeAt } from "./tree";

/** Behind a menu that gives the focus back to its button when it closes. */
const settled_ms = 40;

/** Where a fresh child of the node at `path` ends up: addTo may have put a group around what was there. */
function landing(tree: Node, path: Path): Path {
  const here = nodeAt(tree, path);
  return isNode(here) ? [...path, groupOf(here) ?? "all", childrenOf(here).length - 1] : path;
}

/** The group a part was in: where one goes on after removing it. */
const parentOf = (path: Path): Path => path.slice(0, -2);

/**
 * Edits a rule as nested groups of conditions. The rule is the caller's; every edit calls `onChange`
 * with the next tree. `faults` are the API's, and each is shown at the field it points to.
 */
export function RuleBuilder({
  rule,
  onChange,
  vocabulary = NO_VOCABULARY,
  suggest = null,
  faults = [],
}: {
  rule: Node;
  /** `of` names what was edited: quick edits of the same are one. */
  onChange: (rule: Node, of?: string) => void;
  vocabulary?: Vocabulary | undefined;
  suggest?: Suggest | null;
  faults?: readonly Fault[] | undefined;
}) {
  const [fresh, setFresh] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const { frame, goTo } = useGoing(rule);
  const editing = useMemo<RuleEditing>(
    () => ({
      rule,
      vocabulary,
      suggest,
      faults,
      fresh,
      edit: (change, of) => {
        setFresh(null);
        onChange(change(rule), of);
      },
      move: (change, to, words) => {
        setFresh(null);
        setSaid(words);
        goTo("rule-menu", to);
        onChange(change(rule));
      },
      add: (path, child) => {
        const next = addTo(rule, path, child);
        const place = landing(next, path);
        setFresh(toPointer(place));
        if (groupOf(child)) goTo("rule-add", place);
        onChange(next);
      },
      remove: (path) => {
        setFresh(null);
        setSaid("Removed");
        goTo("rule-add", parentOf(path));
        onChange(removeAt(rule, path));
      },
    }),
    [rule, vocabulary, suggest, faults, fresh, onChange, goTo],
  );
  return (
    <RuleContext value={editing}>
      <div className={styles.builder} ref={frame}>
        <NodeCard node={rule} path={[]} at={0} of={1} />
        {groupOf(rule) ? null : <AddCondition path={[]} />}
        <div role="status" className={styles.hidden}>
          {said}
        </div>
      </div>
    </RuleContext>
  );
}

/** The focus goes where the part went, once the rule is drawn anew. */
function useGoing(rule: Node) {
  const frame = useRef<HTMLDivElement>(null);
  const wanted = useRef<string | null>(null);
  const goTo = useRef((attribute: string, path: Path) => {
    wanted.current = `[data-${attribute}="${CSS.escape(toPointer(path))}"]`;
  }).current;
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew is what it waits for
  useEffect(() => {
    const selector = wanted.current;
    if (selector === null) return;
    wanted.current = null;
    const timer = setTimeout(() => {
      const found = frame.current?.querySelector<HTMLElement>(selector);
      (found ?? frame.current?.querySelector<HTMLElement>("[data-rule-add]"))?.focus();
    }, settled_ms);
    return () => clearTimeout(timer);
  }, [rule]);
  return { frame, goTo };
}

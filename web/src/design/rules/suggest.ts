/** Where the fields of a rule get their suggestions from. They help typing; nothing waits for them. */
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import type { Question, Word } from "@/lib/suggestions";
import { useRuleEditing } from "./context";
import { isNode, type Node } from "./tree";

const NONE: Word[] = [];
const pause_ms = 150;

/** Suggestions for a field while `asking`; before they come, and where they cannot be had, `known`. */
export function useSuggested(question: Question | null, typed: string, asking: boolean, known: Word[]) {
  const { suggest } = useRuleEditing();
  const [found, setFound] = useState<Word[]>(NONE);
  const [settled] = useDebouncedValue(typed, pause_ms);
  const asked = question && asking ? JSON.stringify(question) : null;
  useEffect(() => {
    if (asked === null || suggest === null) return;
    let current = true;
    suggest(JSON.parse(asked) as Question, settled).then(
      (words) => current && setFound(words),
      () => current && setFound(NONE),
    );
    return () => {
      current = false;
    };
  }, [asked, settled, suggest]);
  return found.length > 0 ? found : known;
}

/** The one event an act names: only of one is it known which properties it has. */
export function eventOf(act: Node): string {
  const { did } = act;
  if (typeof did === "string") return did;
  return Array.isArray(did) && typeof did[0] === "string" && !isNode(did) ? did[0] : "";
}

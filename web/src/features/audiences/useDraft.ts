import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import type { RuleTree } from "@/api";
import { type History, useHistory } from "./useHistory";
import { type Beside, type Previewed, previewKey, sendable, usePreview } from "./usePreview";

export interface Draft {
  /** The rule in the form. */
  tree: RuleTree;
  /** The text as it is being typed; null while the text only follows the form. */
  text: string | null;
  /** The text was read: the form says the same. */
  inStep: boolean;
  history: History<RuleTree>;
  preview: Previewed;
  setTree: (tree: RuleTree, of?: string) => void;
  setText: (text: string) => void;
  /** The text follows the form again. */
  dropText: () => void;
}

/**
 * A rule in two forms that are kept in step. The tree is the rule; while its text is typed, the text is what is asked,
 * and each text the API can read becomes the tree. The next edit of the form ends the typing.
 */
export function useDraft(start: RuleTree, beside: Beside): Draft {
  const history = useHistory<RuleTree>(start);
  const { now: tree, set } = history;
  const [text, setText] = useState<string | null>(null);
  const preview = usePreview(text ?? tree, beside);
  const read = text === null ? null : (preview.answer?.rule ?? null);
  const queries = useQueryClient();
  useEffect(() => {
    if (read === null) return;
    if (JSON.stringify(read) !== JSON.stringify(sendable(tree).rule)) set(read, "text");
  }, [read, tree, set]);
  const { answer } = preview;
  const dropText = useCallback(() => {
    // The answer to the text is the answer to the tree it was read as: it need not be asked again.
    if (answer) queries.setQueryData(previewKey(answer.rule, beside), answer);
    setText(null);
  }, [answer, beside, queries]);
  const setTree = useCallback(
    (next: RuleTree, of?: string) => {
      setText(null);
      set(next, of);
    },
    [set],
  );
  const back = (go: (() => void) | null) =>
    go &&
    (() => {
      setText(null);
      go();
    });
  return {
    tree,
    text,
    inStep: text === null || read !== null,
    history: { ...history, undo: back(history.undo), redo: back(history.redo) },
    preview,
    setTree,
    setText,
    dropText,
  };
}

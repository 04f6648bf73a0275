import { useBlocker } from "@tanstack/react-router";
import { useRef } from "react";

/**
 * Asks before leaving a page with changes nobody saved, by a link or by closing the tab.
 * Call what it returns when the changes are saved and the page may go.
 */
export function useUnsaved(changed: boolean): () => void {
  const saved = useRef(false);
  useBlocker({
    shouldBlockFn: () => !saved.current && !window.confirm("Leave without saving your changes?"),
    enableBeforeUnload: () => !saved.current,
    disabled: !changed,
  });
  return () => {
    saved.current = true;
  };
}

import { useCallback, useMemo, useState } from "react";

const steps_max = 100;

export interface History<Value> {
  now: Value;
  set: (next: Value) => void;
  undo: (() => void) | null;
  redo: (() => void) | null;
}

/** A value with its past and, after an undo, its future. */
export function useHistory<Value>(start: Value): History<Value> {
  const [{ past, now, future }, setState] = useState({
    past: [] as Value[],
    now: start,
    future: [] as Value[],
  });
  const set = useCallback(
    (next: Value) =>
      setState((was) => ({ past: [...was.past, was.now].slice(-steps_max), now: next, future: [] })),
    [],
  );
  const undo = useCallback(
    () =>
      setState((was) => {
        const before = was.past.at(-1);
        if (before === undefined) return was;
        return { past: was.past.slice(0, -1), now: before, future: [was.now, ...was.future] };
      }),
    [],
  );
  const redo = useCallback(
    () =>
      setState((was) => {
        const after = was.future[0];
        if (after === undefined) return was;
        return { past: [...was.past, was.now], now: after, future: was.future.slice(1) };
      }),
    [],
  );
  return useMemo(
    () => ({ now, set, undo: past.length > 0 ? undo : null, redo: future.length > 0 ? redo : null }),
    [now, set, undo, redo, past.length, future.length],
  );
}

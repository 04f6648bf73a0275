import { useCallback, useMemo, useState } from "react";

const steps_max = 100;
const together_ms = 1_200;

export interface History<Value> {
  now: Value;
  /** Edits `of` the same thing that follow each other quickly, letter after letter, are one step back. */
  set: (next: Value, of?: string) => void;
  undo: (() => void) | null;
  redo: (() => void) | null;
}

interface State<Value> {
  past: Value[];
  now: Value;
  future: Value[];
  last: { of: string | undefined; at: number };
}

const NOTHING = { of: undefined, at: 0 };

/** A value with its past and, after an undo, its future. */
export function useHistory<Value>(start: Value): History<Value> {
  const [{ past, now, future }, setState] = useState<State<Value>>({
    past: [],
    now: start,
    future: [],
    last: NOTHING,
  });
  const set = useCallback((next: Value, of?: string) => {
    const at = Date.now();
    setState((was) => {
      const goesOn = of !== undefined && of === was.last.of && at - was.last.at < together_ms;
      const before = goesOn ? was.past : [...was.past, was.now].slice(-steps_max);
      return { past: before, now: next, future: [], last: { of, at } };
    });
  }, []);
  const undo = useCallback(
    () =>
      setState((was) => {
        const before = was.past.at(-1);
        if (before === undefined) return was;
        return { past: was.past.slice(0, -1), now: before, future: [was.now, ...was.future], last: NOTHING };
      }),
    [],
  );
  const redo = useCallback(
    () =>
      setState((was) => {
        const after = was.future[0];
        if (after === undefined) return was;
        return { past: [...was.past, was.now], now: after, future: was.future.slice(1), last: NOTHING };
      }),
    [],
  );
  return useMemo(
    () => ({ now, set, undo: past.length > 0 ? undo : null, redo: future.length > 0 ? redo : null }),
    [now, set, undo, redo, past.length, future.length],
  );
}

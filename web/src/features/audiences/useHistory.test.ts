import { act, renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { useHistory } from "./useHistory";

test("undo goes back, redo forth, and a new edit ends the future", () => {
  const { result } = renderHook(() => useHistory(1));
  expect(result.current.undo).toBeNull();
  act(() => result.current.set(2));
  act(() => result.current.set(3));
  act(() => result.current.undo?.());
  expect(result.current.now).toBe(2);
  act(() => result.current.redo?.());
  expect(result.current.now).toBe(3);
  act(() => result.current.undo?.());
  act(() => result.current.set(9));
  expect(result.current.redo).toBeNull();
  act(() => result.current.undo?.());
  expect(result.current.now).toBe(2);
});

import { QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { makeQueryClient, type RuleTree } from "@/api";
import { useDraft } from "./useDraft";

const NOW = { at: null, customer: null };
const vip: RuleTree = { audience: "vip" };
const loyal: RuleTree = { stage: "loyalty" };

/** Reads two texts, refuses every other, and answers any tree. `held` answers wait until they are let go. */
function drafting(held: Map<string, () => void> = new Map()) {
  const asked: unknown[] = [];
  const given: AbortSignal[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    const { rule } = JSON.parse(String(init?.body)) as { rule: RuleTree | string };
    asked.push(rule);
    if (init?.signal) given.push(init.signal);
    if (typeof rule === "string" && held.has(rule)) await new Promise<void>((go) => held.set(rule, go));
    const read = rule === 'in stage "loyalty"' ? loyal : rule === 'in audience "vip"' ? vip : rule;
    if (typeof read === "string") {
      const body = { detail: "no", line: 1, column: 4, errors: [{ pointer: "/rule", detail: "no" }] };
      return new Response(JSON.stringify(body), {
        status: 422,
        headers: { "content-type": "application/problem+json" },
      });
    }
    const body = { count: 1, sample: [], at: "2026-01-01T00:00:00Z", rule: read, customer: null };
    return new Response(JSON.stringify({ ...body, rule_text: JSON.stringify(read) }), { status: 200 });
  });
  const client = makeQueryClient();
  const { result } = renderHook(() => useDraft(vip, NOW), {
    wrapper: ({ children }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>,
  });
  return { draft: result, asked, given };
}

test("a text that is read becomes the form, and an undo takes it back", async () => {
  const { draft } = drafting();
  act(() => draft.current.setText('in stage "loyalty"'));
  expect(draft.current.inStep).toBe(false);
  await waitFor(() => expect(draft.current.tree).toEqual(loyal));
  expect(draft.current.inStep).toBe(true);
  expect(draft.current.text).toBe('in stage "loyalty"');
  act(() => draft.current.history.undo?.());
  expect(draft.current.tree).toEqual(vip);
  expect(draft.current.text).toBeNull();
});

test("a text that cannot be read leaves the form, and says where it is wrong", async () => {
  const { draft } = drafting();
  act(() => draft.current.setText("in"));
  await waitFor(() => expect(draft.current.preview.problem?.place).toEqual({ line: 1, column: 4 }));
  expect(draft.current.tree).toEqual(vip);
  expect(draft.current.inStep).toBe(false);
  expect(draft.current.preview.faults).toEqual([]);
});

test("an edit of the form ends the typing", async () => {
  const { draft } = drafting();
  act(() => draft.current.setText("in"));
  act(() => draft.current.setTree({ audience: "other" }));
  expect(draft.current.text).toBeNull();
  await waitFor(() => expect(draft.current.preview.answer?.rule).toEqual({ audience: "other" }));
});

test("an answer that is late is given up and does not become the form", async () => {
  const held = new Map([['in stage "loyalty"', () => {}]]);
  const { draft, asked, given } = drafting(held);
  act(() => draft.current.setText('in stage "loyalty"'));
  await waitFor(() => expect(asked).toContain('in stage "loyalty"'));
  const late = given.at(-1);
  act(() => draft.current.setText('in audience "vip"'));
  await waitFor(() => expect(draft.current.inStep).toBe(true));
  expect(late?.aborted).toBe(true);
  held.get('in stage "loyalty"')?.();
  await act(async () => {});
  expect(draft.current.tree).toEqual(vip);
});

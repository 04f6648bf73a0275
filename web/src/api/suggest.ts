import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Question, Suggest, Word } from "@/lib/suggestions";
import { get } from "./client";

const kept_ms = 60_000;

const text = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

async function answer(queries: QueryClient, question: Question, typed: string): Promise<Word[]> {
  const remembered = <Answered>(ask: (signal: AbortSignal) => Promise<Answered>) =>
    queries.fetchQuery({
      queryKey: ["suggestions", question, typed],
      queryFn: ({ signal }) => ask(signal),
      staleTime: kept_ms,
      retry: false,
    });
  if (question.kind === "properties") {
    const { event } = question;
    const found = await remembered((signal) => get("/api/vocabulary/properties", { event }, signal));
    return found.items.map(({ property, examples }) => ({
      word: property,
      note: examples.slice(0, 3).map(text).join(", ") || undefined,
    }));
  }
  const { kind: _, ...named } = { trait: null, event: null, property: null, ...question };
  const found = await remembered((signal) => get("/api/vocabulary/values", { ...named, q: typed }, signal));
  return found.items.map((word) => ({ word }));
}

/** Suggestions for the fields of a rule, from what has really happened. */
export function useSuggest(): Suggest {
  const queries = useQueryClient();
  return useMemo(() => (question, typed) => answer(queries, question, typed), [queries]);
}

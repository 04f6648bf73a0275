import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Question, Suggest, Word } from "@/lib/suggestions";
import { fetchJson } from "./client";

const kept_ms = 60_000;

type Properties = { items: { property: string; examples: unknown[] }[] };
type Values = { items: unknown[] };

const text = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

async function answer(queries: QueryClient, question: Question, typed: string): Promise<Word[]> {
  const { kind, ...named } = question;
  const remembered = <Answered>(url: string, params: Record<string, string>) =>
    queries.fetchQuery({
      queryKey: [url, params],
      queryFn: ({ signal }) => fetchJson<Answered>(url, params, signal),
      staleTime: kept_ms,
      retry: false,
    });
  if (kind === "values") {
    const found = await remembered<Values>("/api/vocabulary/values", { ...named, q: typed });
    return found.items.map((value) => ({ word: text(value) }));
  }
  const found = await remembered<Properties>("/api/vocabulary/properties", named);
  return found.items.map(({ property, examples }) => ({
    word: property,
    note: examples.slice(0, 3).map(text).join(", ") || undefined,
  }));
}

/** Suggestions for the fields of a rule, from what has really happened. */
export function useSuggest(): Suggest {
  const queries = useQueryClient();
  return useMemo(() => (question, typed) => answer(queries, question, typed), [queries]);
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ListChange, type Person, path, put } from "@/api";
import { inPortions } from "./people";

export interface Change {
  add?: Person[];
  remove?: Person[];
}

/** Puts customers on a list and takes others off it, however many: the answers of the portions are added up. */
export function useListChange(slug: string, told?: (done: number) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ add = [], remove = [] }: Change): Promise<ListChange> => {
      const sum: ListChange = { added: 0, removed: 0, unknown: [] };
      let done = 0;
      const all = [
        ...inPortions(add).map((portion) => ({ add: portion, remove: [] })),
        ...inPortions(remove).map((portion) => ({ add: [], remove: portion })),
      ];
      for (const body of all) {
        const answer = await put(path("/api/lists/{slug}/members", slug), body);
        sum.added += answer.added;
        sum.removed += answer.removed;
        sum.unknown = [...sum.unknown, ...answer.unknown];
        done += body.add.length + body.remove.length;
        told?.(done);
      }
      return sum;
    },
    onSettled: () => forgetLists(queries),
  });
}

export const forgetLists = (queries: ReturnType<typeof useQueryClient>) =>
  queries.invalidateQueries({
    predicate: ({ queryKey: [key] }) =>
      typeof key === "string" && (key.startsWith("/api/lists") || key === "/api/vocabulary"),
  });

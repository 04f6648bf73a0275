import { QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Problem } from "@/lib/problem";
import { get, type Params } from "./client";
import type { List } from "./types";

/** What the API refused will be refused again; only silence and a busy server are worth another try. */
function worthAnotherTry(failures: number, error: Error): boolean {
  const status = error instanceof Problem ? error.status : -1;
  return failures < 2 && (status === 0 || status === 502 || status === 503);
}

export const makeQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: { retry: worthAnotherTry, staleTime: 2_000 },
      mutations: { retry: false },
    },
  });

type Options = { params?: Params; enabled?: boolean; refreshEvery?: number };

/** One resource by its address. The cache key is the address and its parameters. */
export function useResource<Answer>(
  url: string,
  { params = {}, enabled = true, refreshEvery }: Options = {},
) {
  return useQuery<Answer, Error>({
    queryKey: [url, params],
    queryFn: ({ signal }) => get<Answer>(url, params, signal),
    enabled,
    refetchInterval: refreshEvery ?? false,
    // A different address is a different thing: showing the last one's data under the new name would be a lie.
    placeholderData: (before, query) => (query?.queryKey[0] === url ? before : undefined),
  });
}

/** A cursor-paged list. `data` is every page so far in one `items`, with the first page's other fields. */
export function useList<Item, Page extends List<Item> = List<Item>>(
  url: string,
  { params = {}, enabled = true, refreshEvery }: Options = {},
) {
  return useInfiniteQuery({
    queryKey: [url, params, "list"],
    queryFn: ({ pageParam, signal }) => get<Page>(url, { ...params, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Page) => page.next,
    enabled,
    refetchInterval: refreshEvery ?? false,
    select: (data): Page & { items: Item[] } => ({
      ...(data.pages[0] as Page),
      next: data.pages.at(-1)?.next ?? null,
      items: data.pages.flatMap((page) => page.items),
    }),
    placeholderData: (before, query) => (query?.queryKey[0] === url ? before : undefined),
  });
}

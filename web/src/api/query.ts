import { QueryClient, type UseInfiniteQueryResult, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Problem } from "@/lib/problem";
import { fetchJson } from "./client";
import type { Address, Answer, Item, ListRoute, Params, RouteOf } from "./routes";
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

type Search = Record<string, string | number | null | undefined>;
type Pace = { enabled?: boolean; refreshEvery?: number };
type Options<R> = Pace & { params?: Params<R> };

/** One resource by its address. The cache key is the address and its parameters. */
export function useResource<R extends RouteOf<"get">>(url: Address<R>, { params, ...pace }: Options<R> = {}) {
  return useJson<Answer<R, "get">>(url, params as Search, pace);
}

function useJson<Answered>(url: string, params: Search = {}, { enabled = true, refreshEvery }: Pace = {}) {
  return useQuery<Answered, Error>({
    queryKey: [url, params],
    queryFn: ({ signal }) => fetchJson<Answered>(url, params, signal),
    enabled,
    refetchInterval: refreshEvery ?? false,
    // A different address is a different thing: showing the last one's data under the new name would be a lie.
    placeholderData: (before, query) => (query?.queryKey[0] === url ? before : undefined),
  });
}

export type ListQuery<Row> = UseInfiniteQueryResult<List<Row>, Error>;

/** A cursor-paged list. `data` is every page so far in one `items`, with the first page's other fields. */
export function useList<R extends ListRoute>(url: Address<R>, { params, ...pace }: Options<R> = {}) {
  return usePages<Item<R>, Answer<R, "get"> & List<Item<R>>>(url, params as Search, pace);
}

function usePages<Row, Page extends List<Row>>(
  url: string,
  params: Search = {},
  { enabled = true, refreshEvery }: Pace = {},
) {
  return useInfiniteQuery({
    queryKey: [url, params, "list"],
    queryFn: ({ pageParam, signal }) => fetchJson<Page>(url, { ...params, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Page) => page.next,
    enabled,
    refetchInterval: refreshEvery ?? false,
    select: (data): Page & { items: Row[] } => ({
      ...(data.pages[0] as Page),
      next: data.pages.at(-1)?.next ?? null,
      items: data.pages.flatMap((page) => page.items),
    }),
    placeholderData: (before, query) => (query?.queryKey[0] === url ? before : undefined),
  });
}

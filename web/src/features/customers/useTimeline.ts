import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { get, path, useResource } from "@/api";
import { type Loaded, withNewest, withOlder } from "./happenings";

const page_items = 25;
const refresh_ms = 2_000;

/** A customer's timeline, newest first: asks for new events every two seconds, and for older ones when told to. */
export function useTimeline(customer: string) {
  const url = path("/api/customers/{customer_id}/timeline", customer);
  const head = useResource(url, {
    params: { limit: page_items },
    refreshEvery: refresh_ms,
  });
  const [shown, setShown] = useState<Loaded>({ items: [], next: null });
  const queries = useQueryClient();
  const first = useRef<string | undefined>(undefined);

  const newest = head.data;
  useEffect(() => {
    if (newest) setShown((before) => withNewest(before, newest));
  }, [newest]);

  // What an event says may have moved the stage, a trait or an audience: the panels beside it look again.
  const top = newest?.items[0]?.id;
  useEffect(() => {
    if (top === undefined) return;
    if (first.current !== undefined && first.current !== top) {
      const about = path("/api/customers/{customer_id}", customer);
      void queries.invalidateQueries({
        predicate: ({ queryKey: [key] }) => typeof key === "string" && key.startsWith(about) && key !== url,
      });
    }
    first.current = top;
  }, [top, customer, url, queries]);

  const older = useMutation({
    mutationFn: () => get(url, { limit: page_items, after: shown.next }),
    onSuccess: (page) => setShown((before) => withOlder(before, page)),
  });

  const settled = newest ? (shown.items.length > 0 ? shown : newest) : undefined;
  return { query: { data: settled, error: head.error, refetch: head.refetch }, older };
}

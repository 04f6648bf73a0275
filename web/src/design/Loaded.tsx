import { Skeleton, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { asProblem, type Problem } from "@/lib/problem";
import { ProblemNotice } from "./ProblemNotice";

/** The part of a TanStack query that a screen needs. */
export type Query<Data> = { data: Data | undefined; error: unknown; refetch: () => unknown };

type Props<Data> = {
  query: Query<Data>;
  waiting?: ReactNode;
  empty?: ReactNode;
  /** Unsaid: a list without items is empty, anything else is not. */
  isEmpty?: (data: Data) => boolean;
  failed?: (problem: Problem, retry: () => void) => ReactNode;
  children: (data: Data) => ReactNode;
};

const noItems = (data: unknown): boolean => {
  const items = Array.isArray(data) ? data : (data as { items?: unknown } | null)?.items;
  return Array.isArray(items) && items.length === 0;
};

/**
 * One of a screen's four states: waiting, failed, empty or full.
 * Data once shown stays when a refresh fails; a line above says that it is no longer fresh.
 */
export function Loaded<Data>({ query, waiting, empty, isEmpty = noItems, failed, children }: Props<Data>) {
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    if (!query.error) return <>{waiting ?? <Waiting />}</>;
    const problem = asProblem(query.error);
    return <>{failed ? failed(problem, retry) : <ProblemNotice problem={problem} retry={retry} />}</>;
  }
  return (
    <>
      {query.error ? (
        <Text size="sm" c="red" role="status">
          Not refreshed: {asProblem(query.error).title}. What you see may be old.
        </Text>
      ) : null}
      {empty !== undefined && isEmpty(query.data) ? empty : children(query.data)}
    </>
  );
}

/** Grey lines in the shape of text, for screens that name no shape of their own. */
export function Waiting({ lines = 4 }: { lines?: number }) {
  return (
    <Stack gap="sm" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike and never move.
        <Skeleton key={line} height={18} width={`${100 - ((line * 17) % 45)}%`} />
      ))}
    </Stack>
  );
}

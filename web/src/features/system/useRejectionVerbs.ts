import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post, type RetriedRejection } from "@/api";
import { plural } from "@/lib/format";

const portion = 200;

function portions(ids: string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / portion) }, (_, place) =>
    ids.slice(place * portion, (place + 1) * portion),
  );
}

export type RejectionVerbs = ReturnType<typeof useRejectionVerbs>;

/** Retry and discard, however many: what became of them is told. */
export function useRejectionVerbs(done: () => void) {
  const queries = useQueryClient();
  const [refused, setRefused] = useState<RetriedRejection[]>([]);
  const [told, setTold] = useState<string | null>(null);
  const onSettled = () => {
    done();
    return queries.invalidateQueries({
      predicate: ({ queryKey: [key] }) => key === "/api/rejections" || key === "/api/system",
    });
  };
  const retry = useMutation({
    mutationFn: async (ids: string[]) => {
      const items: RetriedRejection[] = [];
      for (const some of portions(ids))
        items.push(...(await post("/api/rejections/retries", { ids: some })).items);
      return items;
    },
    onSuccess: (items) => {
      setRefused(items.filter((one) => one.outcome === "refused"));
      const taken = items.filter((one) => one.outcome === "accepted").length;
      setTold(`${plural(taken, "message")} back in the queue.`);
    },
    onSettled,
  });
  const discard = useMutation({
    mutationFn: async (ids: string[]) => {
      let sum = 0;
      for (const some of portions(ids))
        sum += (await post("/api/rejections/discards", { ids: some })).discarded;
      return sum;
    },
    onSuccess: (sum) => {
      setRefused([]);
      setTold(`${plural(sum, "message")} discarded.`);
    },
    onSettled,
  });
  const forget = () => {
    setRefused([]);
    setTold(null);
    retry.reset();
    discard.reset();
  };
  return { retry, discard, refused, told, forget, problem: retry.error ?? discard.error };
}

import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { asProblem, type Preview, post, type RuleTree } from "@/api";
import { isComplete } from "@/design/rules";

const pause_ms = 350;

/** A rule as the API takes it: a tree, or its text form. */
export type Rule = RuleTree | string;

/** Some conditions still miss a field: there is nothing to ask yet, and nothing is wrong either. */
const askable = (rule: Rule): boolean => (typeof rule === "string" ? rule.trim() !== "" : isComplete(rule));

/** Count, sample and text of a rule while it is edited, as of now or of an earlier instant. */
export function usePreview(rule: Rule, at: string | null) {
  const [asked] = useDebouncedValue(rule, pause_ms);
  const query = useQuery<Preview, Error>({
    queryKey: ["preview", asked, at],
    queryFn: () => post<Preview>("/api/audiences/preview", at ? { rule: asked, at } : { rule: asked }),
    enabled: askable(asked),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
    retry: false,
  });
  const faults = query.error ? asProblem(query.error).errors.map(belowRule) : [];
  return { query, faults, complete: askable(asked), behind: asked !== rule || query.isFetching };
}

/** The API points into the body it was sent; the builder into the rule alone. */
function belowRule(fault: { pointer: string; detail: string }) {
  return { ...fault, pointer: fault.pointer.replace(/^#/, "").replace(/^\/rule(?=\/|$)/, "") };
}

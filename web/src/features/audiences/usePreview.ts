import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { asProblem, type Preview, post, type RuleTree } from "@/api";
import { isComplete, withoutLoneGroup } from "@/design/rules";

const pause_ms = 350;

/** A rule as the API takes it: a tree, or its text form. */
export type Rule = RuleTree | string;

/** Some conditions still miss a field: there is nothing to ask yet, and nothing is wrong either. */
const askable = (rule: Rule): boolean => (typeof rule === "string" ? rule.trim() !== "" : isComplete(rule));

/** The rule as it is asked and saved; `prefix` leads the API's pointers back to the rule on the page. */
export const sendable = (rule: Rule): { rule: Rule; prefix: string } =>
  typeof rule === "string" ? { rule, prefix: "" } : withoutLoneGroup(rule);

/** Count, sample and text of a rule while it is edited, as of now or of an earlier instant. */
export function usePreview(rule: Rule, at: string | null) {
  const [settled] = useDebouncedValue(rule, pause_ms);
  const asked = sendable(settled);
  const query = useQuery<Preview, Error>({
    queryKey: ["preview", asked.rule, at],
    queryFn: () => post("/api/audiences/preview", at ? { rule: asked.rule, at } : { rule: asked.rule }),
    enabled: askable(settled),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
    retry: false,
  });
  const faults = query.error
    ? asProblem(query.error).errors.map((fault) => onThePage(fault, asked.prefix))
    : [];
  return { query, faults, complete: askable(settled), behind: settled !== rule || query.isFetching };
}

/** The API points into the body it was sent; the builder into the rule on the page. */
function onThePage(fault: { pointer: string; detail: string }, prefix: string) {
  return { ...fault, pointer: prefix + fault.pointer.replace(/^#/, "").replace(/^\/rule(?=\/|$)/, "") };
}

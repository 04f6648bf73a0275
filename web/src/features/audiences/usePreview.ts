import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ask, asProblem, type Preview, type RuleTree } from "@/api";
import { type Fault, isComplete, withoutLoneGroup } from "@/design/rules";

const pause_ms = 350;
const fresh_ms = 10_000;

/** A rule as the API takes it: a tree, or its text form. */
export type Rule = RuleTree | string;

/** Some conditions still miss a field: there is nothing to ask yet, and nothing is wrong either. */
const askable = (rule: Rule): boolean => (typeof rule === "string" ? rule.trim() !== "" : isComplete(rule));

/** The rule as it is asked and saved; `prefix` leads the API's pointers back to the rule on the page. */
export const sendable = (rule: Rule): { rule: Rule; prefix: string } =>
  typeof rule === "string" ? { rule, prefix: "" } : withoutLoneGroup(rule);

/** What is asked beside the rule: as of when, and for whom to say why. */
export interface Beside {
  at: string | null;
  customer: string | null;
}

export const previewKey = (rule: Rule, { at, customer }: Beside) => ["preview", rule, at, customer] as const;

/**
 * Count, sample and text of a rule while it is edited, as of now or of another instant. A pause in the typing asks;
 * a question that is no longer the question is given up, and its answer never shown as the answer to the next one.
 */
export function usePreview(rule: Rule, beside: Beside) {
  const [settled] = useDebouncedValue(rule, pause_ms);
  const asked = sendable(settled);
  const { at, customer } = beside;
  const query = useQuery<Preview, Error>({
    queryKey: previewKey(asked.rule, beside),
    queryFn: ({ signal }) =>
      ask(
        "/api/audiences/preview",
        { rule: asked.rule, at, customer: customer === null ? null : { id: customer } },
        signal,
      ),
    enabled: askable(settled),
    placeholderData: keepPreviousData,
    staleTime: fresh_ms,
    retry: false,
  });
  const complete = askable(rule);
  const behind = settled !== rule || query.isFetching;
  const problem = query.error ? asProblem(query.error) : null;
  return {
    query,
    problem,
    /** Those of a tree; of a text it is said where in the text. */
    faults:
      problem && typeof settled !== "string" ? problem.errors.map((one) => onThePage(one, asked.prefix)) : [],
    complete,
    behind,
    /** The answer to what is on the page now, or null while it is still awaited. */
    answer: complete && !behind && !query.isPlaceholderData && !problem ? (query.data ?? null) : null,
  };
}

export type Previewed = ReturnType<typeof usePreview>;

/** The API points into the body it was sent; the builder into the rule on the page. */
function onThePage(fault: Fault, prefix: string): Fault {
  return { ...fault, pointer: prefix + fault.pointer.replace(/^#/, "").replace(/^\/rule(?=\/|$)/, "") };
}

/**
 * A journey's definition as a list: today's journeys go one way, so their steps have an order. Every edit is a pure
 * function from one definition to the next, and step ids outlive it: enrolments wait at them.
 */
import type { JourneyDefinition, JourneyStep, RuleTree } from "@/api";
import { durationInWords, operatorOf, textOf } from "@/design/rules";

export type Enter = JourneyDefinition["enter"];

export const kindOf = (step: JourneyStep): "send" | "wait" | "leave" =>
  "send" in step ? "send" : "wait" in step ? "wait" : "leave";

const nextOf = (step: JourneyStep): string | null => ("next" in step ? step.next : null);

/** The steps in the order they are travelled; null when they do not form one line and a list would be a lie. */
export function inOrder(definition: JourneyDefinition): JourneyStep[] | null {
  const byId = new Map(definition.steps.map((step) => [step.id, step]));
  const ordered: JourneyStep[] = [];
  let at = definition.first;
  while (at !== null && ordered.length <= definition.steps.length) {
    const step = byId.get(at);
    if (step === undefined) return null;
    ordered.push(step);
    at = nextOf(step);
  }
  return ordered.length === definition.steps.length ? ordered : null;
}

/** The definition with these steps, each leading to the one after it. */
export function inLine(definition: JourneyDefinition, steps: readonly JourneyStep[]): JourneyDefinition {
  const linked = steps.map((step, index) => {
    const after = steps[index + 1];
    return "leave" in step ? step : { ...step, next: after?.id ?? null };
  });
  return { ...definition, first: steps[0]?.id ?? null, steps: linked };
}

/** An id no step has or had in this draft: one above the highest number. */
export function freshId(steps: readonly JourneyStep[]): string {
  const numbers = steps.map((step) => Number(/^s(\d+)$/.exec(step.id)?.[1] ?? 0));
  return `s${Math.max(0, ...numbers) + 1}`;
}

/** Before the last step, for that is where customers leave. */
export function withStep(steps: readonly JourneyStep[], step: JourneyStep): JourneyStep[] {
  const end = steps.at(-1);
  return end && "leave" in end ? [...steps.slice(0, -1), step, end] : [...steps, step];
}

export function moved(steps: readonly JourneyStep[], from: number, by: -1 | 1): JourneyStep[] {
  const to = from + by;
  const taken = steps[from];
  const other = steps[to];
  if (taken === undefined || other === undefined || "leave" in other || "leave" in taken) return [...steps];
  const next = [...steps];
  next[from] = other;
  next[to] = taken;
  return next;
}

export const blank: JourneyDefinition = {
  enter: { event: "" },
  again: "never",
  leave_when: null,
  first: "s1",
  steps: [{ id: "s1", leave: "done" }],
};

function conditionInWords(condition: RuleTree): string {
  const { key, words, takes } = operatorOf(condition);
  const value = takes === "nothing" ? "" : ` ${JSON.stringify(condition[key])}`;
  return `${textOf(condition.property)} ${words}${value}`;
}

/** Where customers come in, in words. */
export function enterInWords(enter: Enter): string {
  if ("audience" in enter) return `enters the audience ${enter.audience}`;
  if ("stage" in enter) return `enters the stage ${enter.stage}`;
  const where = (enter.where ?? []).map(conditionInWords).join(" and ");
  return `did ${JSON.stringify(enter.event)}${where ? ` where ${where}` : ""}`;
}

/** One step of the definition the customer travels; without it, as of an older version, its id. */
export function stepInWords(steps: readonly JourneyStep[] | undefined, id: string): string {
  const step = steps?.find((each) => each.id === id);
  if (step === undefined) return `step ${id}`;
  if ("send" in step) return `send ${step.send}`;
  return "wait" in step ? `wait ${durationInWords(step.wait)}` : "leave";
}

export const againInWords: Record<JourneyDefinition["again"], string> = {
  never: "Each customer enters once in their life.",
  after_leaving: "A customer who has left may enter again.",
};

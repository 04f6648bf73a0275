import type { RuleTree } from "./common";

export type JourneyStep =
  | { id: string; send: string; next?: string }
  | { id: string; wait: string; next?: string }
  | { id: string; leave: string };
export type JourneyDefinition = {
  enter: { event: string; where?: RuleTree[] } | { audience: string } | { stage: string };
  again: "never" | "after_leaving";
  leave_when: RuleTree | string | null;
  first: string;
  steps: JourneyStep[];
};
export type JourneyRow = {
  slug: string;
  name: string;
  state: "draft" | "live" | "paused" | "ended";
  version: number | null;
  inside: number;
  entered: number;
  left: number;
  updated_at: string;
};
export type Journey = JourneyRow & {
  definition: JourneyDefinition;
  definition_live: JourneyDefinition | null;
  versions: { number: number; published_at: string }[];
  steps: { id: string; inside: number; passed: number }[];
  /** Customers who met the trigger and did not enter, by the reason. */
  refused: { because: string; customers: number }[];
  /** What keeps the draft from being published. */
  problems: { pointer: string; detail: string }[];
  /** For each verb whether it is allowed now, and `<verb>_reason` when it is not. */
  may: Record<string, boolean | string | null>;
};
export type Enrolment = {
  id: string;
  customer: { id: string; name: string | null; email: string | null };
  journey: string;
  version: number;
  entered_at: string;
  step: string | null;
  wake_at: string | null;
  left_at: string | null;
  left_because: string | null;
};
/** A customer who met the trigger and did not enter. */
export type Refusal = { customer: Enrolment["customer"]; at: string; because: string; times: number };
export type EnrolmentPassages = Enrolment & {
  passages: {
    visit: number;
    step: string;
    kind: string;
    at: string;
    outcome: string | null;
    details?: Record<string, unknown>;
  }[];
};

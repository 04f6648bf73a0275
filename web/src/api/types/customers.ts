import type { Named } from "./common";

export type CustomerRow = {
  id: string;
  name: string | null;
  email: string | null;
  user_id: string | null;
  stage: Named | null;
  first_seen_at: string;
  last_seen_at: string;
};
export type Merge = {
  id: string;
  absorbed_id: string;
  at: string;
  because: string;
  undone_at: string | null;
};
export type Consent = { channel: string; topic: string; answer: "yes" | "no"; at: string; source: string };
export type Customer = {
  id: string;
  name: string | null;
  email: string | null;
  identifiers: { kind: string; value: string; first_seen_at: string }[];
  traits: Record<string, unknown>;
  stage: (Named & { since: string; because: string[] }) | null;
  pulse: string | null;
  audiences: (Named & { since: string })[];
  consents: Consent[];
  merges: Merge[];
  first_seen_at: string;
  last_seen_at: string;
};
export type TimelineEvent = {
  id: string;
  name: string;
  at: string;
  properties: Record<string, unknown>;
  kind: string;
  by_customer: boolean;
  received_at: string;
  historical: boolean;
};
export type Condition = { text: string; holds: boolean; changes_at: string | null };
export type StageWhy = {
  stage: string | null;
  since: string | null;
  stages: (Named & { holds: boolean; changes_at: string | null; conditions: Condition[] })[];
  moves: { from: string | null; to: string | null; at: string; dwell_s: number | null; because: string[] }[];
};
export type TraitValue = { value: unknown; at: string; message_id: string };
export type CustomerMessage = {
  id: string;
  template: string;
  subject: string | null;
  channel: string;
  state: string;
  because: string | null;
  created_at: string;
  sent_at: string | null;
  journey: string | null;
  opened: boolean;
  clicked: boolean;
  bounced: boolean;
};

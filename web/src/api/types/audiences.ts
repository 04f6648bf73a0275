import type { RuleTree } from "./common";
import type { Condition } from "./customers";

export type Audience = {
  slug: string;
  name: string;
  rule: RuleTree;
  rule_text: string;
  members: number | null;
  state: "live" | "filling";
  updated_at: string;
};
export type AudienceMember = { id: string; name: string | null; email: string | null; since: string };
export type Preview = {
  count: number;
  sample: { id: string; name: string | null; email: string | null }[];
  rule_text: string;
  /** The canonical tree of a rule that was asked as text. */
  rule?: RuleTree;
  customer?: { holds: boolean; changes_at: string | null; conditions: Condition[] } | null;
};
export type Vocabulary = {
  events: { name: string; count: number }[];
  traits: { key: string; examples: unknown[] }[];
  audiences: string[];
  stages: string[];
};

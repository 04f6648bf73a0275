import type { RuleTree } from "./common";

export type LifecycleStage = {
  slug: string;
  name: string;
  description: string;
  rule_text: string;
  rule: RuleTree;
  metrics: string[];
  customers: number;
  entered: number;
  left: number;
  /** Of the stays that ended in the window. */
  median_dwell_s: number | null;
  /** Customers who entered in the last `cohort_days`; conversions are shares of them. */
  cohort: number;
  conversions: { to: string; customers: number; share: number }[];
};
export type Flow = { from: string; to: string; customers: number; direction: "forward" | "skip" | "back" };
export type LifecycleOverview = {
  lifecycle: { slug: string; name: string; description: string };
  as_of: string;
  window_days: number;
  cohort_days: number;
  total: number;
  stages: LifecycleStage[];
  unknown: { customers: number; entered: number; left: number };
  flows: Flow[];
  state: "live" | "filling";
};
export type LifecycleModel = {
  slug: string;
  name: string;
  description: string;
  active: boolean;
  stages: { slug: string; name: string; description: string; rule_text: string; metrics: string[] }[];
};

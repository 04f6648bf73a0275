/** The admin API's answers, as its reference (`/api/openapi.json`) promises them. Instants are ISO 8601 text in UTC. */

export type List<Item> = { items: Item[]; next: string | null };
export type Named = { slug: string; name: string };
export type RuleTree = { [key: string]: unknown };

// Session and members
export type Member = { id: string; name: string; email: string; role: string };
export type Session = {
  member: Member;
  company: { name: string; time_zone: string };
  demo: { note: string } | null;
};
export type Settings = {
  company_name: string;
  time_zone: string;
  sender_name: string;
  sender_email: string;
  public_url: string;
};
export type Key = {
  id: string;
  kind: "write" | "admin";
  name: string;
  prefix: string;
  write_key?: string | null;
  scopes: string[];
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
};
export type NewKey = Key & { secret?: string | null };
export type AuditEntry = {
  id: string;
  at: string;
  actor: { kind: string; name: string };
  action: string;
  subject: string;
  details: Record<string, unknown>;
};

// Lifecycle
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

// Customers
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

// Audiences
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

// Journeys
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

// Templates, mailbox, messages
export type TemplateRow = {
  slug: string;
  name: string;
  subject: string;
  purpose: "marketing" | "transactional";
  topic: string | null;
  version: number;
  updated_at: string;
};
export type Template = TemplateRow & { body: string; text: string | null };
export type TemplatePreview = { subject: string; html: string; text: string; warnings: string[] };
export type Mail = {
  id: string;
  at: string;
  from: string;
  to: string[];
  subject: string;
  customer_id: string | null;
  message_id: string | null;
};
export type Mailbox = List<Mail> & { catching: boolean };
export type MailDetail = Mail & {
  text: string | null;
  headers: [string, string][];
  has_html: boolean;
  links: string[];
  unsubscribe_url: string | null;
};

// Intake and imports
export type Rejection = {
  id: string;
  at: string;
  code: string;
  reason: string;
  pointer: string | null;
  body: unknown;
};
export type Import = {
  id: string;
  file: string;
  kind: string;
  state: string;
  rows: number | null;
  accepted: number;
  rejected: number;
  started_at: string;
  finished_at: string | null;
};

/** The admin API's answers by the names the pages use. What they hold is said by its description, in `schema.d.ts`. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type List<Item> = { items: Item[]; next: string | null };
/** A rule as the API writes it. */
export type RuleTree = Schemas["AudienceOut"]["rule"];

export type Session = Schemas["SessionOut"];
export type Member = Schemas["MemberOut"];
export type Settings = Schemas["SettingsOut"];
export type Key = Schemas["KeyOut"];
export type NewKey = Schemas["NewKeyOut"];
export type AuditEntry = Schemas["AuditOut"];

export type Rejection = Schemas["RejectionOut"];
export type Import = Schemas["ImportOut"];
export type RetriedRejection = Schemas["RetriedOut"];

export type System = Schemas["Status"];
export type Waiting = Schemas["Waiting"];
export type Finding = Schemas["Finding"];

export type LifecycleOverview = Schemas["LifecycleOverviewOut"];
export type LifecycleStage = Schemas["StageOverviewOut"];
export type Flow = Schemas["StageFlowOut"];
export type LifecycleModel = Schemas["LifecycleOut"];

export type CustomerRow = Schemas["CustomerRowOut"];
export type Customer = Schemas["CustomerOut"];
export type Merge = Schemas["MergeOut"];
export type Consent = Schemas["ConsentOut"];
export type TimelineEvent = Schemas["TimelineItemOut"];
export type TraitValue = Schemas["TraitValueOut"];
export type CustomerMessage = Schemas["MessageLineOut"];
export type StageWhy = Schemas["CustomerStageOut"];
export type Condition = Schemas["ConditionOut"];
export type MembershipTold = Schemas["MembershipToldOut"];

export type Audience = Schemas["AudienceOut"];
export type AudienceMember = Schemas["AudienceMemberOut"];
export type StaticList = Schemas["ListOut"];
export type ListMember = Schemas["ListMemberOut"];
export type ListChange = Schemas["ListChangeOut"];
export type Person = Schemas["PersonBody"];
export type Preview = Schemas["AudiencePreviewOut"];
export type Vocabulary = Schemas["VocabularyOut"];

export type JourneyRow = Schemas["JourneyLineOut"];
export type Journey = Schemas["JourneyOut"];
export type JourneyDefinition = Schemas["JourneyDefinitionOut"];
export type JourneyStep = JourneyDefinition["steps"][number];
export type JourneyVerb = "publish" | "pause" | "resume" | "delete";
export type Enrolment = Schemas["EnrolmentOut"];
export type EnrolmentPassages = Schemas["EnrolmentWithPassagesOut"];
export type Refusal = Schemas["RefusalOut"];

export type TemplateRow = Schemas["TemplateLineOut"];
export type Template = Schemas["TemplateOut"];
export type TemplatePreview = Schemas["TemplatePreviewOut"];
export type Mail = Schemas["MailLineOut"];
export type Mailbox = Schemas["MailboxOut"];
export type MailDetail = Schemas["MailOut"];

import type { List } from "./common";

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

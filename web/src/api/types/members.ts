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

type Known = { id: string; name?: string | null; email?: string | null; user_id?: string | null };

/** What to call a customer: of a stranger nothing is known but the id, whose end tells strangers apart. */
export function customerName(customer: Known): string {
  return customer.name || customer.email || customer.user_id || `Visitor ${customer.id.slice(-6)}`;
}

const KINDS: Record<string, string> = {
  user_id: "User id",
  anonymous_id: "Anonymous id",
  email: "E-mail",
  phone: "Phone",
};

export const identifierKind = (kind: string): string => KINDS[kind] ?? kind;

const CHANNELS: Record<string, string> = { email: "E-mail", sms: "SMS", push: "Push", in_app: "In-app" };

export const channelName = (channel: string): string => CHANNELS[channel] ?? channel;

/** `*` speaks for every topic of its channel. */
export const topicName = (topic: string): string => (topic === "*" ? "every topic" : topic);

/** A trait or property as text: what it holds is anything JSON can say. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

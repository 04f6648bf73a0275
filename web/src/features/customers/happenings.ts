import type { TimelineEvent } from "@/api";
import { valueText } from "./names";

type Properties = TimelineEvent["properties"];

const said = (properties: Properties, ...keys: string[]): string | null => {
  for (const key of keys) {
    const value = properties[key];
    if (value !== undefined && value !== null && value !== "") return valueText(value);
  }
  return null;
};

function money(properties: Properties): string | null {
  const amount = said(properties, "revenue", "total", "value", "price");
  const currency = said(properties, "currency");
  return amount && currency ? `${amount} ${currency}` : amount;
}

const joined = (...parts: (string | null)[]): string | null => parts.filter(Boolean).join(" · ") || null;

const from = (properties: Properties): string | null => {
  const before = said(properties, "from");
  return before ? `from ${before}` : null;
};

const SUMMARIES: Record<string, (properties: Properties) => string | null> = {
  "Page Viewed": (all) => said(all, "name", "title", "path", "url"),
  "Screen Viewed": (all) => said(all, "name"),
  "Stage Entered": (all) => joined(said(all, "stage"), from(all)),
  "Stage Left": (all) => said(all, "stage"),
  "Audience Entered": (all) => said(all, "audience"),
  "Audience Left": (all) => said(all, "audience"),
  "Journey Entered": (all) => said(all, "journey"),
  "Journey Left": (all) => joined(said(all, "journey"), said(all, "because")),
  "Email Sent": (all) => said(all, "subject", "template"),
  "Email Withheld": (all) => joined(said(all, "subject", "template"), said(all, "why")),
  "Email Bounced": (all) => joined(said(all, "kind"), said(all, "reply")),
  "Email Clicked": (all) => said(all, "url"),
  "Email Opened": (all) => said(all, "subject"),
  Unsubscribed: (all) => joined(said(all, "channel"), said(all, "topic")),
  "Consent Given": (all) => joined(said(all, "channel"), said(all, "topic"), said(all, "source")),
  "Consent Withdrawn": (all) => joined(said(all, "channel"), said(all, "topic"), said(all, "source")),
};

/** The one thing about an event worth reading without opening it; null when its name says all. */
export function summary(event: TimelineEvent): string | null {
  const own = SUMMARIES[event.name];
  if (own) return own(event.properties);
  return joined(
    said(event.properties, "name", "product", "title", "order_id", "category"),
    money(event.properties),
  );
}

/** A scanner or a privacy proxy did it, not the customer. */
export const byMachine = (event: TimelineEvent): boolean => event.properties.machine === true;

export type Loaded = { items: TimelineEvent[]; next: string | null };

/**
 * Puts the newest page before what is already shown. Pages overlap unless more happened than one page holds;
 * then what is shown is let go, so that the timeline never has a silent gap.
 */
export function withNewest(shown: Loaded, newest: Loaded): Loaded {
  if (shown.items.length === 0) return newest;
  const known = new Map(shown.items.map((event) => [event.id, event]));
  const fresh = newest.items.filter((event) => !known.has(event.id));
  if (fresh.length === 0) return shown;
  if (fresh.length === newest.items.length && newest.next !== null) return newest;
  const items = [...fresh, ...shown.items].sort(newestFirst);
  return { items, next: shown.next };
}

export function withOlder(shown: Loaded, older: Loaded): Loaded {
  const known = new Set(shown.items.map((event) => event.id));
  return {
    items: [...shown.items, ...older.items.filter((event) => !known.has(event.id))],
    next: older.next,
  };
}

/** Same instant: the later id is the later event, for ids grow with time. */
function newestFirst(one: TimelineEvent, other: TimelineEvent): number {
  return Date.parse(other.at) - Date.parse(one.at) || other.id.localeCompare(one.id);
}

const KNOWN: Record<string, string> = { nps: "NPS", csat: "CSAT", email_open_rate: "e-mail open rate" };

/** A metric's name for people: "repeat_purchase_rate" is the repeat purchase rate. */
export const metricName = (metric: string): string => KNOWN[metric] ?? metric.replaceAll("_", " ");

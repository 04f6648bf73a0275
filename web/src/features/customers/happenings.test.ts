import { expect, test } from "vitest";
import type { TimelineEvent } from "@/api";
import { byMachine, summary, withNewest, withOlder } from "./happenings";

function event(
  id: string,
  at: string,
  name = "Page Viewed",
  properties: Record<string, unknown> = {},
): TimelineEvent {
  return { id, name, at, properties, kind: "track", by_customer: true, received_at: at, historical: false };
}

const third = event("evt_3", "2026-01-03T00:00:00Z");
const second = event("evt_2", "2026-01-02T00:00:00Z");
const first = event("evt_1", "2026-01-01T00:00:00Z");

test("new events come on top and those shown stay, with the place to load older ones from", () => {
  const shown = { items: [second, first], next: "older" };
  const next = withNewest(shown, { items: [third, second], next: "after second" });
  expect(next.items.map(({ id }) => id)).toEqual(["evt_3", "evt_2", "evt_1"]);
  expect(next.next).toBe("older");
});

test("a page without news leaves what is shown as it is", () => {
  const shown = { items: [second, first], next: null };
  expect(withNewest(shown, { items: [second, first], next: null })).toBe(shown);
});

test("when more happened than a page holds, the old view is let go rather than shown with a gap", () => {
  const newest = { items: [third, second], next: "more" };
  expect(withNewest({ items: [first], next: null }, newest)).toBe(newest);
});

test("a late event takes the place its own time gives it", () => {
  const shown = { items: [third, first], next: null };
  expect(withNewest(shown, { items: [third, second, first], next: null }).items.map(({ id }) => id)).toEqual([
    "evt_3",
    "evt_2",
    "evt_1",
  ]);
});

test("older pages are put below, each event once", () => {
  const next = withOlder({ items: [third, second], next: "older" }, { items: [second, first], next: null });
  expect(next).toEqual({ items: [third, second, first], next: null });
});

test("an event says the one thing worth reading", () => {
  const at = "2026-01-01T00:00:00Z";
  expect(
    summary(event("e", at, "Order Completed", { order_id: "A-1", revenue: 12.5, currency: "EUR" })),
  ).toBe("A-1 · 12.5 EUR");
  expect(summary(event("e", at, "Stage Entered", { stage: "loyalty", from: "service" }))).toBe(
    "loyalty · from service",
  );
  expect(summary(event("e", at, "Email Withheld", { template: "offer", why: "no consent" }))).toBe(
    "offer · no consent",
  );
  expect(summary(event("e", at, "Something New", {}))).toBeNull();
});

test("only what says so was done by a machine", () => {
  expect(byMachine(event("e", "2026-01-01T00:00:00Z", "Email Opened", { machine: true }))).toBe(true);
  expect(byMachine(event("e", "2026-01-01T00:00:00Z", "Email Opened", { machine: false }))).toBe(false);
  expect(byMachine(event("e", "2026-01-01T00:00:00Z", "Email Opened"))).toBe(false);
});

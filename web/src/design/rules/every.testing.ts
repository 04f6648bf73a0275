import type { Kind } from "./kinds";
import type { Node } from "./tree";

export const order = { did: "Order Completed" };

/** Every kind of node in every form it is written in. */
export const EVERY: [Kind, Node][] = [
  ["everyone", { everyone: true }],
  ["trait", { trait: "address.country", is: "DE" }],
  ["trait", { trait: "plan", is: "pro", held_for: "30d" }],
  ["trait", { trait: "points", more_than: 10.5 }],
  ["trait", { trait: "plan", in: ["pro", 7, true] }],
  ["trait", { trait: "birthday", anniversary_in: 7 }],
  ["trait", { trait: "birthday", anniversary_in: "7d@Asia/Tokyo" }],
  ["trait", { trait: "joined", within_last: "3mo@Asia/Tokyo" }],
  ["trait", { trait: "joined", before: "2026-01-31T09:00:00Z" }],
  [
    "did",
    { did: ["A", "B"], where: [{ property: "a.b", at_least: 5 }], times: { exactly: 0 }, within: "90d" },
  ],
  ["did", { did: { prefix: "Order " }, within: "this month" }],
  ["did", { did: { any: true }, between: ["2026-01-01", "2026-02-01T00:00:00Z"] }],
  [
    "then_not",
    { did: "A", where: [{ property: "x", exists: true }], within: "30d", then_not: order, for: "1h" },
  ],
  ["aggregate", { sum: "revenue", of: { ...order, within: "365d" }, at_least: 500 }],
  ["aggregate", { avg: "revenue", of: order, less_than: 0 }],
  ["aggregate", { min: "revenue", of: order, more_than: 1 }],
  ["aggregate", { max: "revenue", of: order, at_most: 1 }],
  ["aggregate", { distinct: "category", of: order, at_least: 3 }],
  ["endmost", { last: order, has: [{ property: "category", is: "shoes" }] }],
  ["endmost", { first: { ...order, within: "1y" }, has: [{ property: "revenue", at_least: 5 }] }],
  ["sequence", { sequence: [{ did: "A" }, { did: "B", where: [{ property: "x", is: 1 }] }], within: "1d" }],
  ["sequence", { sequence: [{ did: "A" }, { did: "B" }], between: ["2026-01-01", "2026-02-01"] }],
  ["stage", { stage: "loyalty" }],
  ["audience", { audience: "vip" }],
  ["list", { list: "fair-2026" }],
  ["bucket", { bucket: "summer", share: 0.1 }],
  ["pulse", { pulse: "slipping" }],
  ["pulse", { pulse: "lapsed", usual_gap: 30 }],
  ["pulse", { pulse: "new", usual_gap: "7d@Asia/Tokyo" }],
  ["other", { moon: "full" }],
];

import { expect, test } from "vitest";
import { freshNode, isComplete, KINDS, type Kind, kindOf } from "./kinds";
import {
  addTo,
  duplicateAt,
  groupAt,
  moveAt,
  type Node,
  negateAt,
  nodeAt,
  removeAt,
  ungroupAt,
} from "./tree";

const order = { did: "Order Completed" };

/** Every kind of node in every form it is written in. */
const EVERY: [Kind, Node][] = [
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
  ["other", { pulse: "slipping" }],
];

test.each(EVERY)(
  "a %s is told by its keys, complete, and left alone by every edit around it: %j",
  (kind, node) => {
    expect(kindOf(node)).toBe(kind);
    expect(isComplete(node)).toBe(true);
    const rule: Node = { all: [{ stage: "loyalty" }, node] };
    const at = ["all", 1];
    expect(nodeAt(moveAt(rule, at, -1), ["all", 0])).toEqual(node);
    expect(negateAt(negateAt(rule, at), at)).toEqual(rule);
    expect(ungroupAt(groupAt(rule, at, "any"), at)).toEqual(rule);
    expect(nodeAt(duplicateAt(rule, at), ["all", 2])).toEqual(node);
    expect(removeAt(addTo(rule, [], freshNode("did")), ["all", 2])).toEqual(rule);
  },
);

test("a fresh node of each kind is of that kind, and incomplete until somebody says what it is about", () => {
  for (const kind of KINDS) {
    expect(kindOf(freshNode(kind))).toBe(kind);
    expect(isComplete(freshNode(kind))).toBe(kind === "everyone" || kind === "not");
  }
});

test("a rule is asked about only once every field is filled in", () => {
  for (const missing of [
    { all: [] },
    { all: [order, freshNode("did")] },
    { trait: "country", in: [] },
    { did: { prefix: "" } },
    { did: "A", where: [{ property: "", is: "x" }] },
    { did: { any: true }, between: ["2026-01-01", ""] },
    { did: "A", then_not: { did: "" }, for: "1h" },
    { did: "A", then_not: { did: "B", where: [{ property: "x", is: "" }] }, for: "1h" },
    { sum: "", of: order, at_least: 1 },
    { sum: "x", of: { did: "" }, at_least: 1 },
    { last: order, has: [] },
    { last: { did: "" }, has: [{ property: "x", is: "y" }] },
    { sequence: [order, { did: "" }] },
    { sequence: [order, order], between: ["", "2026-01-01"] },
    { bucket: "", share: 0.5 },
    { list: "" },
  ]) {
    expect(isComplete(missing), JSON.stringify(missing)).toBe(false);
    expect(isComplete({ not: missing })).toBe(false);
  }
});

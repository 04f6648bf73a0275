import { expect, test } from "vitest";
import { EVERY, order } from "./every.testing";
import { freshNode, isComplete, KINDS, kindOf } from "./kinds";
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

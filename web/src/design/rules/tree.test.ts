import { expect, test } from "vitest";
import { faultsAt, toPointer, withoutLoneGroup } from "./faults";
import { freshNode } from "./kinds";
import {
  addTo,
  carryAt,
  duplicateAt,
  groupAt,
  moveAt,
  type Node,
  negateAt,
  nodeAt,
  removeAt,
  replaceAt,
  ungroupAt,
} from "./tree";

const country: Node = { trait: "country", is: "DE" };
const bought: Node = {
  did: "Order Completed",
  where: [{ property: "category", is: "beauty" }],
  within: "90d",
};
const spent: Node = { sum: "revenue", of: { did: "Order Completed" }, at_least: 500 };
const rule: Node = { all: [country, { any: [bought, spent] }, { not: { did: "Page Viewed" } }] };

test("a part is found and replaced by its path, and the rest stays the same object", () => {
  const path = ["all", 1, "any", 0];
  expect(nodeAt(rule, path)).toBe(bought);
  const next = replaceAt(rule, path, country);
  expect(nodeAt(next, path)).toBe(country);
  expect(nodeAt(next, ["all", 1, "any", 1])).toBe(spent);
  expect(rule.all).toHaveLength(3);
});

test("adding to a group appends, adding to a lone condition makes a group of both", () => {
  expect(addTo(rule, ["all", 1], country)).toEqual({
    all: [country, { any: [bought, spent, country] }, { not: { did: "Page Viewed" } }],
  });
  expect(addTo(country, [], bought)).toEqual({ all: [country, bought] });
  expect(addTo({ everyone: true }, [], bought)).toEqual({ all: [bought] });
});

test("what was added can be removed again, leaving the rule as it was", () => {
  const added = addTo(rule, ["all", 1], freshNode("trait"));
  expect(removeAt(added, ["all", 1, "any", 2])).toEqual(rule);
});

test("removing what a not holds removes the not; removing the root leaves everyone", () => {
  expect(removeAt(rule, ["all", 2, "not"])).toEqual({ all: [country, { any: [bought, spent] }] });
  expect(removeAt({ not: country }, ["not"])).toEqual({ everyone: true });
  expect(removeAt(rule, [])).toEqual({ everyone: true });
});

test("negating twice, moving down and up, and grouping and ungrouping come back to the same rule", () => {
  const at = ["all", 0];
  expect(negateAt(rule, at)).toEqual({
    all: [{ not: country }, { any: [bought, spent] }, { not: { did: "Page Viewed" } }],
  });
  expect(negateAt(negateAt(rule, at), at)).toEqual(rule);
  expect(moveAt(moveAt(rule, at, 1), ["all", 1], -1)).toEqual(rule);
  expect(ungroupAt(groupAt(rule, at, "any"), at)).toEqual(rule);
  expect(ungroupAt(groupAt(country, [], "all"), [])).toEqual(country);
});

test("the first does not move up and the last not down", () => {
  expect(moveAt(rule, ["all", 0], -1)).toEqual(rule);
  expect(moveAt(rule, ["all", 2], 1)).toEqual(rule);
});

test("a copy is equal and independent", () => {
  const copied = duplicateAt(rule, ["all", 1]);
  expect(nodeAt(copied, ["all", 2])).toEqual(nodeAt(copied, ["all", 1]));
  const changed = replaceAt(copied, ["all", 2, "any", 0, "within"], "7d");
  expect(nodeAt(changed, ["all", 1, "any", 0, "within"])).toBe("90d");
});

test("a part goes into the group beside it and out again", () => {
  const into = carryAt(rule, ["all", 0], "in");
  expect(into).toEqual({
    tree: { all: [{ any: [bought, spent, country] }, { not: { did: "Page Viewed" } }] },
    path: ["all", 0, "any", 2],
  });
  expect(nodeAt(into?.tree, into?.path ?? [])).toBe(country);
  const out = carryAt(into?.tree ?? {}, into?.path ?? [], "out");
  expect(out?.path).toEqual(["all", 1]);
  expect(nodeAt(out?.tree, ["all", 1])).toBe(country);
  expect(carryAt(rule, ["all", 0], "out")).toBeNull();
});

test("a part goes into and out of a negated group, and the last one out closes the group", () => {
  const negated: Node = { all: [{ not: { any: [bought] } }, country] };
  const into = carryAt(negated, ["all", 1], "in");
  expect(into).toEqual({
    tree: { all: [{ not: { any: [bought, country] } }] },
    path: ["all", 0, "not", "any", 1],
  });
  expect(carryAt(negated, ["all", 0, "not", "any", 0], "out")).toEqual({
    tree: { all: [bought, country] },
    path: ["all", 0],
  });
});

test("a fault is shown once, at the innermost part it points into", () => {
  const faults = [
    { pointer: "/all/1/any/0/did", detail: "unknown event" },
    { pointer: "/all", detail: "too many" },
    { pointer: "/all/10", detail: "elsewhere" },
  ];
  const inside = [toPointer(["all", 0]), toPointer(["all", 1]), toPointer(["all", 2])];
  expect(faultsAt(faults, "", inside).map((fault) => fault.detail)).toEqual(["too many", "elsewhere"]);
  expect(faultsAt(faults, "/all/1", ["/all/1/any/0"])).toEqual([]);
  expect(faultsAt(faults, "/all/1/any/0", []).map((fault) => fault.detail)).toEqual(["unknown event"]);
});

test("a group of one is asked about as the one, and faults find their way back", () => {
  expect(withoutLoneGroup({ all: [country] })).toEqual({ rule: country, prefix: "/all/0" });
  expect(withoutLoneGroup({ any: [{ all: [bought] }] })).toEqual({ rule: bought, prefix: "/any/0/all/0" });
  expect(withoutLoneGroup(rule)).toEqual({ rule, prefix: "" });
  expect(withoutLoneGroup({ all: [] })).toEqual({ rule: { all: [] }, prefix: "" });
});

test("a pointer escapes what it must", () => {
  expect(toPointer(["all", 0, "a/b~c"])).toBe("/all/0/a~1b~0c");
});

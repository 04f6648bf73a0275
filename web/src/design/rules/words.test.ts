import { expect, test } from "vitest";
import {
  mayBeHeld,
  namingOf,
  OPERATORS,
  operatorOf,
  timesOf,
  withNaming,
  withOperator,
  withTimes,
} from "./words";

test("every operator is recognised in the condition it makes", () => {
  for (const { key } of OPERATORS) {
    const condition = withOperator({ trait: "country", is: "DE" }, key);
    expect(operatorOf(condition).key).toBe(key);
    expect(Object.keys(condition).sort()).toEqual([key, "trait"].sort());
  }
});

test("a value is kept where the next operator can use it", () => {
  expect(withOperator({ trait: "country", is: "DE" }, "is_not")).toEqual({ trait: "country", is_not: "DE" });
  expect(withOperator({ trait: "country", is: "DE" }, "in")).toEqual({ trait: "country", in: ["DE"] });
  expect(withOperator({ trait: "country", in: ["DE", "FR"] }, "is")).toEqual({ trait: "country", is: "DE" });
  expect(withOperator({ trait: "country", is: "DE" }, "at_least")).toEqual({ trait: "country", at_least: 0 });
  expect(withOperator({ trait: "country", is: "DE" }, "exists")).toEqual({ trait: "country", exists: true });
});

test("how long a value was held is kept where the next operator can say it", () => {
  const held = { trait: "plan", is: "pro", held_for: "30d" };
  expect(withOperator(held, "in")).toEqual({ trait: "plan", in: ["pro"], held_for: "30d" });
  expect(withOperator(held, "exists")).toEqual({ trait: "plan", exists: true, held_for: "30d" });
  for (const key of ["is_not", "not_in", "absent", "before", "within_last", "anniversary_in"]) {
    expect(withOperator(held, key)).not.toHaveProperty("held_for");
    expect(mayBeHeld(withOperator(held, key))).toBe(false);
  }
});

test("how often: unsaid is once, at most 0 is never", () => {
  expect(timesOf({ did: "A" })).toEqual({ times: "at_least", count: 1 });
  expect(timesOf({ did: "A", times: { at_most: 0 } })).toEqual({ times: "never", count: 0 });
  expect(withTimes({ did: "A", times: { exactly: 3 } }, "at_least", 1)).toEqual({ did: "A" });
  expect(withTimes({ did: "A" }, "never", 1)).toEqual({ did: "A", times: { at_most: 0 } });
  expect(timesOf(withTimes({ did: "A" }, "exactly", 2))).toEqual({ times: "exactly", count: 2 });
});

test("an event is named alone, among several, by its beginning, or not at all", () => {
  const several = withNaming("A", "several");
  expect(several).toEqual(["A"]);
  expect(namingOf(several)).toBe("several");
  expect(withNaming(several, "prefix")).toEqual({ prefix: "A" });
  expect(withNaming({ prefix: "A" }, "one")).toBe("A");
  expect(namingOf(withNaming("A", "any"))).toBe("any");
});

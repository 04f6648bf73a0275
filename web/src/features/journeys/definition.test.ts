import { expect, test } from "vitest";
import type { JourneyDefinition, JourneyStep } from "@/api";
import { blank, enterInWords, freshId, inLine, inOrder, moved, withStep } from "./definition";

const definition: JourneyDefinition = {
  enter: { event: "Order Completed", where: [{ property: "category", is: "beauty" }] },
  again: "never",
  leave_when: null,
  first: "s2",
  steps: [
    { id: "s1", wait: "2d", next: "s3" },
    { id: "s2", send: "welcome", next: "s1" },
    { id: "s3", leave: "done" },
  ],
};

test("steps come in the order they are travelled, whatever order they are stored in", () => {
  expect(inOrder(definition)?.map((step) => step.id)).toEqual(["s2", "s1", "s3"]);
});

test("a definition that is no line is not shown as one", () => {
  expect(inOrder({ ...definition, first: "s1" })).toBeNull();
  expect(inOrder({ ...definition, first: "gone" })).toBeNull();
  const loop: JourneyStep[] = [
    { id: "s1", wait: "1d", next: "s2" },
    { id: "s2", wait: "1d", next: "s1" },
  ];
  expect(inOrder({ ...definition, first: "s1", steps: loop })).toBeNull();
});

test("an unfinished draft is a line of the steps it has", () => {
  expect(inOrder({ ...definition, first: null, steps: [] })).toEqual([]);
  const lone: JourneyStep = { id: "s1", send: "welcome", next: null };
  expect(inOrder({ ...definition, first: "s1", steps: [lone] })).toEqual([lone]);
  expect(inLine(definition, [lone]).steps).toEqual([lone]);
  expect(inLine(definition, []).first).toBeNull();
});

test("ordering and linking again gives the same journey", () => {
  const line = inLine(definition, inOrder(definition) ?? []);
  expect(line.first).toBe("s2");
  expect(inOrder(line)).toEqual(inOrder(definition));
  expect(line.steps.at(-1)).toEqual({ id: "s3", leave: "done" });
});

test("a new step comes before the leaving and takes an unused id", () => {
  const steps = inOrder(definition) ?? [];
  const id = freshId(steps);
  expect(id).toBe("s4");
  const more = withStep(steps, { id, send: "offer", next: null });
  expect(more.map((step) => step.id)).toEqual(["s2", "s1", "s4", "s3"]);
  expect(inLine(definition, more).steps[1]).toEqual({ id: "s1", wait: "2d", next: "s4" });
});

test("steps change places, but nothing comes after the leaving", () => {
  const steps = inOrder(definition) ?? [];
  expect(moved(steps, 0, 1).map((step) => step.id)).toEqual(["s1", "s2", "s3"]);
  expect(moved(steps, 1, 1)).toEqual(steps);
  expect(moved(steps, 2, -1)).toEqual(steps);
  expect(moved(steps, 0, -1)).toEqual(steps);
});

test("a blank journey is a line that ends", () => {
  expect(inOrder(blank)).toEqual([{ id: "s1", leave: "done" }]);
});

test("the entrance reads as a sentence", () => {
  expect(enterInWords(definition.enter)).toBe('did "Order Completed" where category is "beauty"');
  expect(enterInWords({ audience: "vip" })).toBe("enters the audience vip");
});

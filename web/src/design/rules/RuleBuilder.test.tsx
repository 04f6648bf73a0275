import { MantineProvider } from "@mantine/core";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import { EVERY } from "./every.testing";
import type { Fault } from "./faults";
import { RuleBuilder } from "./RuleBuilder";
import type { Node } from "./tree";

const vocabulary = {
  events: [{ name: "Order Completed", count: 9 }],
  traits: [{ key: "country", examples: ["DE", "FR"] }],
  audiences: ["vip"],
  stages: ["loyalty"],
  lists: ["fair-2026"],
};

let latest: Node = {};

function Editor({ start, faults }: { start: Node; faults?: Fault[] }) {
  const [rule, setRule] = useState(start);
  latest = rule;
  return <RuleBuilder rule={rule} onChange={setRule} vocabulary={vocabulary} faults={faults} />;
}

function show(start: Node, faults: Fault[] = []) {
  render(
    <MantineProvider env="test">
      <Editor start={start} faults={faults} />
    </MantineProvider>,
  );
  return userEvent.setup();
}

test("a condition is added by keyboard and mouse and filled in where the focus lands", async () => {
  const user = show({ all: [] });
  await user.click(screen.getByRole("button", { name: "Add condition" }));
  await user.click(await screen.findByRole("menuitem", { name: /Did an event/ }));
  expect(screen.getByRole("combobox", { name: "Event" })).toHaveFocus();
  await user.keyboard("Order Completed");
  expect(latest).toEqual({ all: [{ did: "Order Completed" }] });
});

test("the operator changes the field for its value", async () => {
  const user = show({ all: [{ trait: "country", is: "DE" }] });
  await user.selectOptions(screen.getByRole("combobox", { name: "Comparison" }), "is known");
  expect(latest).toEqual({ all: [{ trait: "country", exists: true }] });
  expect(screen.queryByRole("combobox", { name: "Value" })).toBeNull();
});

test("how often and when are part of the condition", async () => {
  const user = show({ all: [{ did: "Order Completed" }] });
  await user.selectOptions(screen.getByRole("combobox", { name: "How often" }), "never");
  await user.selectOptions(screen.getByRole("combobox", { name: "When" }), "in the last");
  expect(latest).toEqual({ all: [{ did: "Order Completed", times: { at_most: 0 }, within: "30d" }] });
});

test("all and any are exchanged, and a condition is negated and removed from its menu", async () => {
  const user = show({ all: [{ stage: "loyalty" }, { audience: "vip" }] });
  await user.click(screen.getByRole("radio", { name: "any of" }));
  expect(latest).toEqual({ any: [{ stage: "loyalty" }, { audience: "vip" }] });
  await user.click(screen.getByRole("button", { name: "Change condition 2 of 2" }));
  await user.click(await screen.findByRole("menuitem", { name: /Turn into/ }));
  expect(latest).toEqual({ any: [{ stage: "loyalty" }, { not: { audience: "vip" } }] });
  await user.click(screen.getByRole("button", { name: "Change condition 1 of 2" }));
  await user.click(await screen.findByRole("menuitem", { name: "Remove" }));
  expect(latest).toEqual({ any: [{ not: { audience: "vip" } }] });
});

test("what the API says is wrong stands at the condition it points to", () => {
  show({ all: [{ stage: "loyalty" }, { not: { did: "Oder Completed" } }] }, [
    { pointer: "/all/1/not/did", detail: "No such event." },
  ]);
  const alert = screen.getByRole("alert");
  expect(within(alert).getByText("No such event.")).toBeInTheDocument();
  const card = alert.parentElement as HTMLElement;
  expect(within(card).getByRole("combobox", { name: "Event" })).toHaveValue("Oder Completed");
});

test("a condition the builder cannot draw is shown as it is written", () => {
  show({ all: [{ moon: "full" }] });
  expect(screen.getByText(/"moon":"full"/)).toBeInTheDocument();
});

test.each(EVERY.filter(([kind]) => kind !== "other"))(
  "a %s is drawn as fields and stays as it is until somebody changes it: %j",
  (_, node) => {
    show({ any: [node] });
    expect(screen.queryByText(/is edited as text or JSON/)).toBeNull();
    expect(latest).toEqual({ any: [node] });
  },
);

test("an event that another did not follow is said in two parts", async () => {
  const user = show({ all: [{ did: "Checkout Started", then_not: { did: "" }, for: "1d" }] });
  const after = screen.getByRole("group", { name: "The event that did not follow" });
  await user.type(within(after).getByRole("combobox", { name: "Event" }), "X");
  await user.selectOptions(within(after).getByRole("combobox", { name: "Not followed for: unit" }), "hours");
  expect(latest).toEqual({ all: [{ did: "Checkout Started", then_not: { did: "X" }, for: "1h" }] });
});

test("a pulse is chosen, and may be judged by a usual gap of its own", async () => {
  const user = show({ all: [{ pulse: "" }] });
  await user.selectOptions(screen.getByRole("combobox", { name: "Pulse" }), "slipping");
  expect(latest).toEqual({ all: [{ pulse: "slipping" }] });
  await user.click(screen.getByRole("button", { name: "by the company’s usual gap" }));
  expect(latest).toEqual({ all: [{ pulse: "slipping", usual_gap: 14 }] });
  await user.click(screen.getByRole("button", { name: "Use the company’s usual gap" }));
  expect(latest).toEqual({ all: [{ pulse: "slipping" }] });
});

test("steps of a sequence are added, moved and removed, but never fewer than two", async () => {
  const user = show({ all: [{ sequence: [{ did: "A" }, { did: "B" }], within: "1d" }] });
  expect(screen.getByRole("button", { name: "Remove step 1" })).toBeDisabled();
  await user.click(screen.getByRole("button", { name: "Another step" }));
  await user.click(screen.getByRole("button", { name: "Move step 1 down" }));
  await user.click(screen.getByRole("button", { name: "Remove step 3" }));
  expect(latest).toEqual({ all: [{ sequence: [{ did: "B" }, { did: "A" }], within: "1d" }] });
});

test("another number, another end: the rest stays", async () => {
  const order = { did: "Order Completed" };
  const user = show({
    any: [
      { sum: "revenue", of: order, at_least: 5 },
      { last: order, has: [{ property: "a", is: "b" }] },
    ],
  });
  await user.selectOptions(screen.getByRole("combobox", { name: "Which number" }), "the number of different");
  await user.selectOptions(screen.getByRole("combobox", { name: "Which of them" }), "the first of");
  expect(latest).toEqual({
    any: [
      { distinct: "revenue", of: order, at_least: 5 },
      { first: order, has: [{ property: "a", is: "b" }] },
    ],
  });
});

test("a value can be asked to have held for a while, and a window to go by the calendar of a zone", async () => {
  const user = show({ all: [{ trait: "plan", is: "pro" }, { did: "A" }] });
  await user.click(screen.getByRole("button", { name: "and has been for …" }));
  await user.selectOptions(screen.getByRole("combobox", { name: "When" }), "this week");
  await user.click(screen.getByRole("button", { name: "in the company’s time zone" }));
  await user.type(screen.getByRole("combobox", { name: "Time zone" }), "UTC");
  expect(latest).toEqual({
    all: [
      { trait: "plan", is: "pro", held_for: "30d" },
      { did: "A", within: "this week@UTC" },
    ],
  });
});

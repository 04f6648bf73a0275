import { MantineProvider } from "@mantine/core";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { LifecycleOverview, LifecycleStage } from "@/api";
import { LoopView } from "./LoopView";
import { StageTable } from "./StageTable";

const stage = (slug: string, name: string, customers: number): LifecycleStage => ({
  slug,
  name,
  description: `What ${name} means.`,
  rule_text: 'did "Order Completed"',
  rule: { did: "Order Completed" },
  metrics: [],
  customers,
  entered: 40,
  left: 10,
  median_dwell_s: 172_800,
  cohort: 50,
  conversions: slug === "new" ? [{ to: "loyal", customers: 10, share: 0.2 }] : [],
});

const DATA: LifecycleOverview = {
  lifecycle: { slug: "shop", name: "Shop", description: "" },
  as_of: "2026-11-22T12:00:00Z",
  window_days: 30,
  cohort_days: 90,
  total: 12_500,
  stages: [stage("new", "New", 9_375), stage("loyal", "Loyal", 3_000)],
  unknown: { customers: 125, entered: 0, left: 5 },
  flows: [{ from: "new", to: "loyal", customers: 33, direction: "forward" }],
  state: "live",
};

function show() {
  const choose = vi.fn();
  const point = vi.fn();
  render(
    <MantineProvider>
      <LoopView data={DATA} chosen="loyal" pointed={null} choose={choose} point={point} />
      <StageTable data={DATA} />
    </MantineProvider>,
  );
  return { choose, point, loop: within(screen.getByRole("figure")) };
}

test("every stage is a button that says its name, its number and its share", () => {
  const { loop } = show();
  expect(loop.getByRole("button", { name: /New 75%.*9,375 customers/ })).toHaveAttribute(
    "aria-pressed",
    "false",
  );
  expect(loop.getByRole("button", { name: /Loyal 24%.*3,000 customers/ })).toHaveAttribute(
    "aria-pressed",
    "true",
  );
});

test("a stage is chosen with the keyboard and lit while it has the focus", async () => {
  const { choose, point } = show();
  await userEvent.tab();
  expect(point).toHaveBeenLastCalledWith("new");
  await userEvent.keyboard("{Enter}");
  expect(choose).toHaveBeenCalledWith("new");
});

test("the customers of no stage are counted, in the middle and in the table", () => {
  const { loop } = show();
  expect(loop.getByText("125 in no stage")).toBeInTheDocument();
  const row = screen.getByRole("row", { name: /Unknown/ });
  expect(within(row).getByRole("cell", { name: "125" })).toBeInTheDocument();
});

test("the table has the numbers that the drawing shows by size", () => {
  show();
  const row = screen.getByRole("row", { name: /New/ });
  expect(
    within(row)
      .getAllByRole("cell")
      .map((cell) => cell.textContent),
  ).toEqual(["9,375", "75%", "40", "10", "2 days", "20%"]);
});

import { Card, Table, Text, Title } from "@mantine/core";
import type { CSSProperties } from "react";
import type { Flow, LifecycleOverview } from "@/api";
import { ScrollBox, StageBadge } from "@/design";
import { count } from "@/lib/format";
import classes from "./Lifecycle.module.css";

const WORDS = { forward: "to the next stage", skip: "skipping ahead", back: "back" };
const TINTS = {
  forward: "var(--mantine-color-green-5)",
  skip: "var(--mantine-color-mulberry-5)",
  back: "var(--mantine-color-gray-5)",
};

/** Moves from every stage (rows) to every other (columns). */
export function FlowTable({ data }: { data: LifecycleOverview }) {
  const places = [{ slug: "unknown", name: "Unknown" }, ...data.stages];
  const flows = new Map(data.flows.map((flow) => [`${flow.from}>${flow.to}`, flow]));
  const most = Math.max(1, ...data.flows.map((flow) => flow.customers));
  return (
    <Card>
      <Title order={2}>Moves between stages</Title>
      <Text c="dimmed" size="sm" mb="sm">
        In the last {data.window_days} days, from the stage at the left to the stage above. ↷ skips a stage, ↶
        goes back.
      </Text>
      <ScrollBox label="Moves between stages">
        <Table className={classes.matrix} verticalSpacing="xs" aria-label="Moves between stages">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">From</Table.Th>
              {places.map((to) => (
                <Table.Th key={to.slug} scope="col" ta="right" fz="xs" c="dimmed">
                  {to.name}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {places.map((from) => (
              <Table.Tr key={from.slug}>
                <Table.Th scope="row">
                  <StageBadge stage={from.slug === "unknown" ? null : from} />
                </Table.Th>
                {places.map((to) => (
                  <Cell key={to.slug} flow={flows.get(`${from.slug}>${to.slug}`)} most={most} />
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollBox>
    </Card>
  );
}

const SIGNS = { forward: "", skip: "↷ ", back: "↶ " };

function Cell({ flow, most }: { flow: Flow | undefined; most: number }) {
  if (!flow || flow.customers === 0) return <Table.Td />;
  const tint = { "--cell": TINTS[flow.direction], "--strength": 6 + 34 * (flow.customers / most) };
  return (
    <Table.Td
      ta="right"
      data-direction={flow.direction}
      style={tint as CSSProperties}
      title={WORDS[flow.direction]}
    >
      <span aria-hidden="true">{SIGNS[flow.direction]}</span>
      {count(flow.customers)}
    </Table.Td>
  );
}

import { Badge, Card, Text, Title } from "@mantine/core";
import type { System } from "@/api";
import { type Column, DataTable } from "@/design";
import { Past } from "./Past";

type Process = System["processes"][number];

const WORK: Record<Process["role"], string> = { all: "Web and worker", web: "Web", worker: "Worker" };

const columnsAt = (now: string): Column<Process>[] => [
  {
    key: "who",
    title: "Process",
    heads: true,
    cell: (one) => (
      <>
        {WORK[one.role]}
        <Text size="sm" c="dimmed" fw={400}>
          {one.pid} on {one.host}
        </Text>
      </>
    ),
  },
  {
    key: "state",
    title: "State",
    cell: (one) => (
      <Badge variant="light" color={one.alive ? "green" : "gray"}>
        {one.alive ? "alive" : one.stopped_at ? "stopped" : "silent"}
      </Badge>
    ),
  },
  {
    key: "seen",
    title: "Last heard of",
    cell: (one) => <Past at={one.stopped_at ?? one.seen_at} now={now} />,
  },
  {
    key: "failing",
    title: "Failing",
    cell: (one) => one.failing.map((each) => `${each.loop} (${each.error})`).join(", ") || "nothing",
  },
  { key: "version", title: "Version", wide: true, cell: (one) => one.version },
  { key: "started", title: "Started", wide: true, cell: (one) => <Past at={one.started_at} now={now} /> },
];

/** Who is at work, and who was in the last week. */
export function Processes({ system }: { system: System }) {
  return (
    <Card component="section" aria-label="Processes">
      <Title order={2} size="h3" mb="xs">
        Processes
      </Title>
      {system.processes.length === 0 ? (
        <Text c="dimmed">No process was heard of yet.</Text>
      ) : (
        <DataTable
          label="Processes of this installation"
          columns={columnsAt(system.at)}
          rows={system.processes}
          rowKey={(one) => `${one.host} ${one.pid} ${one.started_at}`}
        />
      )}
    </Card>
  );
}

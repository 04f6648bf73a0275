import { Badge, Progress, Stack, Text } from "@mantine/core";
import { type Import, useList } from "@/api";
import { type Column, CopyText, EmptyState, Instant } from "@/design";
import { count, percent } from "@/lib/format";
import { ListPage } from "./ListPage";

const COLOURS: Record<string, string> = { done: "green", failed: "red", running: "mulberry" };

const COLUMNS: Column<Import>[] = [
  {
    key: "file",
    title: "File",
    heads: true,
    cell: (row) => (
      <span style={{ display: "inline-block", minWidth: "9em", overflowWrap: "anywhere" }}>{row.file}</span>
    ),
  },
  { key: "kind", title: "Holds", wide: true, cell: (row) => row.kind },
  { key: "state", title: "State", cell: (row) => <State row={row} /> },
  { key: "accepted", title: "Accepted", align: "right", cell: (row) => count(row.accepted) },
  { key: "rejected", title: "Rejected", align: "right", cell: (row) => count(row.rejected) },
  { key: "started", title: "Started", wide: true, cell: (row) => <Instant at={row.started_at} /> },
  { key: "finished", title: "Finished", wide: true, cell: (row) => <Instant at={row.finished_at} /> },
];

function State({ row }: { row: Import }) {
  const share = row.rows ? (row.accepted + row.rejected) / row.rows : null;
  return (
    <Stack gap={4} miw={90}>
      <Badge variant="light" color={COLOURS[row.state] ?? "gray"}>
        {row.state}
      </Badge>
      {row.finished_at === null && share !== null ? (
        <>
          <Progress value={share * 100} size="sm" aria-label={`${row.file}: ${percent(share)} done`} />
          <Text size="xs" c="dimmed">
            {percent(share)} of {count(row.rows ?? 0)} rows
          </Text>
        </>
      ) : null}
    </Stack>
  );
}

export default function ImportsPage() {
  const list = useList("/api/imports", { refreshEvery: 2_000 });
  return (
    <ListPage
      title="Imports"
      lead="Files of orders, events or customers, taken in as history: they settle stages and start no journey."
      list={list}
      columns={COLUMNS}
      empty={
        <EmptyState title="Nothing imported yet">
          <Text mb="sm">
            On the machine that runs Regulars, with a CSV, JSON-lines or Parquet file and a mapping of its
            columns:
          </Text>
          <CopyText text="regulars import orders.csv --mapping generic-orders" />
        </EmptyState>
      }
    />
  );
}

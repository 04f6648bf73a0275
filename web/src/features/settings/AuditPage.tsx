import { Code } from "@mantine/core";
import { type AuditEntry, useList } from "@/api";
import { type Column, EmptyState, Instant } from "@/design";
import { ListPage } from "./ListPage";

const details = (entry: AuditEntry): string =>
  Object.entries(entry.details)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");

const COLUMNS: Column<AuditEntry>[] = [
  { key: "at", title: "When", cell: (entry) => <Instant at={entry.at} /> },
  { key: "who", title: "Who", heads: true, cell: (entry) => entry.actor.name },
  { key: "action", title: "Did", cell: (entry) => entry.action },
  { key: "subject", title: "To", cell: (entry) => (entry.subject ? <Code>{entry.subject}</Code> : "–") },
  {
    key: "details",
    title: "Details",
    wide: true,
    cell: (entry) => <span style={{ overflowWrap: "anywhere" }}>{details(entry) || "–"}</span>,
  },
];

export default function AuditPage() {
  const list = useList("/api/audit");
  return (
    <ListPage
      title="Audit"
      lead="Who did what, newest first. Entries are never changed or removed."
      list={list}
      columns={COLUMNS}
      empty={
        <EmptyState title="Nothing yet">
          Every change a colleague or an admin key makes is written here.
        </EmptyState>
      }
    />
  );
}

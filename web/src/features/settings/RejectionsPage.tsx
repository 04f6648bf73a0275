import { Anchor, Code } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type Rejection, useList } from "@/api";
import { type Column, EmptyState, Instant } from "@/design";
import { ListPage } from "./ListPage";

const COLUMNS: Column<Rejection>[] = [
  { key: "at", title: "When", cell: (row) => <Instant at={row.at} /> },
  {
    key: "reason",
    title: "Why",
    heads: true,
    cell: (row) => (
      <div style={{ minWidth: "13em" }}>
        {row.reason} {row.pointer ? <Code>{row.pointer}</Code> : null}
      </div>
    ),
  },
  { key: "code", title: "Code", wide: true, cell: (row) => <Code>{row.code}</Code> },
  { key: "body", title: "What was sent", cell: (row) => <Body row={row} /> },
];

function Body({ row }: { row: Rejection }) {
  const [open, body] = useDisclosure(false);
  return (
    <>
      <Anchor component="button" type="button" size="sm" onClick={body.toggle} aria-expanded={open}>
        {open ? "Hide" : "Show"}
      </Anchor>
      {open ? (
        <Code block mt={6} style={{ maxWidth: 480, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {typeof row.body === "string" ? row.body : JSON.stringify(row.body, null, 2)}
        </Code>
      ) : null}
    </>
  );
}

export default function RejectionsPage() {
  const list = useList("/api/rejections", { refreshEvery: 5_000 });
  return (
    <ListPage
      title="Rejected events"
      lead="What was sent and could not be taken in, each with its reason. Nothing is dropped in silence."
      list={list}
      columns={COLUMNS}
      empty={<EmptyState title="Nothing was rejected">Every event that arrived could be read.</EmptyState>}
    />
  );
}

import { Anchor, Code } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { Rejection } from "@/api";
import type { Column } from "./DataTable";
import classes from "./rejected.module.css";
import { Instant } from "./Time";

/** What is told of an event that was refused or put aside, wherever it is listed. */
export const REJECTED = {
  reason: {
    key: "reason",
    title: "Why",
    heads: true,
    cell: (row) => (
      <div className={classes.reason}>
        {row.reason} {row.pointer ? <Code>{row.pointer}</Code> : null}
      </div>
    ),
  },
  at: { key: "at", title: "When", cell: (row) => <Instant at={row.at} /> },
  code: { key: "code", title: "Code", wide: true, cell: (row) => <Code>{row.code}</Code> },
  body: { key: "body", title: "What was sent", cell: (row) => <Body row={row} /> },
} satisfies Record<string, Column<Rejection>>;

function Body({ row }: { row: Rejection }) {
  const [open, body] = useDisclosure(false);
  return (
    <>
      <Anchor component="button" type="button" size="sm" onClick={body.toggle} aria-expanded={open}>
        {open ? "Hide" : "Show"}
      </Anchor>
      {open ? (
        <Code block className={classes.body}>
          {row.body}
          {row.cut ? "… (cut)" : ""}
        </Code>
      ) : null}
    </>
  );
}

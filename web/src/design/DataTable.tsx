import { Button, Group, Table } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./DataTable.module.css";
import { ScrollBox } from "./ScrollBox";

export type Column<Row> = {
  key: string;
  title: ReactNode;
  cell: (row: Row) => ReactNode;
  align?: "left" | "right";
  /** Not shown below 48em: for what a phone can do without. */
  wide?: boolean;
  /** This cell names the row for screen readers. */
  heads?: boolean;
};

type Props<Row> = {
  /** What the rows are, for screen readers: "Customers". */
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** From `useList`: whether and how to load the next page. */
  hasMore?: boolean;
  loadingMore?: boolean;
  loadMore?: () => unknown;
};

/** A plain table that scrolls inside itself, with a button for the next page. */
export function DataTable<Row>({ label, columns, rows, rowKey, hasMore, loadingMore, loadMore }: Props<Row>) {
  const look = (column: Column<Row>) => ({
    className: column.wide ? classes.wide : undefined,
    ta: column.align ?? ("left" as const),
  });
  return (
    <div>
      <ScrollBox label={label}>
        <Table className={classes.table} verticalSpacing="sm" highlightOnHover>
          <caption className={classes.caption}>{label}</caption>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Table.Th key={column.key} scope="col" {...look(column)}>
                  {column.title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={rowKey(row)}>
                {columns.map((column) =>
                  column.heads ? (
                    <Table.Th key={column.key} scope="row" fw={600} {...look(column)}>
                      {column.cell(row)}
                    </Table.Th>
                  ) : (
                    <Table.Td key={column.key} {...look(column)}>
                      {column.cell(row)}
                    </Table.Td>
                  ),
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollBox>
      {hasMore ? (
        <Group justify="center" mt="md">
          <Button variant="default" loading={loadingMore ?? false} onClick={() => loadMore?.()}>
            Load more
          </Button>
        </Group>
      ) : null}
    </div>
  );
}

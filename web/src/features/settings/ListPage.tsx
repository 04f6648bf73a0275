import { Card } from "@mantine/core";
import type { ReactNode } from "react";
import type { ListQuery } from "@/api";
import { type Column, DataTable, Loaded } from "@/design";
import { SettingsFrame } from "./SettingsFrame";

type Props<Row> = {
  title: string;
  lead: ReactNode;
  list: ListQuery<Row>;
  columns: Column<Row>[];
  empty: ReactNode;
};

/** A settings page that is one list. */
export function ListPage<Row extends { id: string }>({ title, lead, list, columns, empty }: Props<Row>) {
  return (
    <SettingsFrame title={title} lead={lead}>
      <Card>
        <Loaded query={list} empty={empty}>
          {(data) => (
            <DataTable
              label={title}
              columns={columns}
              rows={data.items}
              rowKey={(row) => row.id}
              hasMore={list.hasNextPage}
              loadingMore={list.isFetchingNextPage}
              loadMore={list.fetchNextPage}
            />
          )}
        </Loaded>
      </Card>
    </SettingsFrame>
  );
}

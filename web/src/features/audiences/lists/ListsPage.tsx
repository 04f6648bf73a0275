import { Anchor, Button, Card } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type StaticList, useList } from "@/api";
import {
  Ago,
  BackLink,
  type Column,
  DataTable,
  EmptyState,
  IconAudiences,
  IconPlus,
  Loaded,
  Page,
  Waiting,
} from "@/design";
import { count } from "@/lib/format";
import { NameDialog } from "./NameDialog";

const COLUMNS: Column<StaticList>[] = [
  {
    key: "name",
    title: "List",
    heads: true,
    cell: (list) => (
      <Anchor component={Link} to={`/audiences/lists/${list.slug}`} fw={600}>
        {list.name}
      </Anchor>
    ),
  },
  { key: "members", title: "Customers", align: "right", cell: (list) => count(list.members) },
  { key: "slug", title: "In rules", wide: true, cell: (list) => <code>{`in list "${list.slug}"`}</code> },
  { key: "changed", title: "Changed", wide: true, cell: (list) => <Ago at={list.updated_at} /> },
];

const refresh_ms = 5_000;

export default function ListsPage() {
  const lists = useList("/api/lists", { refreshEvery: refresh_ms });
  const [naming, setNaming] = useState(false);
  const add = (
    <Button onClick={() => setNaming(true)} leftSection={<IconPlus size={16} aria-hidden />}>
      New list
    </Button>
  );
  return (
    <Page
      above={<BackLink to="/audiences">Audiences</BackLink>}
      title="Lists"
      lead="Customers picked by hand or imported. They stay until somebody takes them off; rules can ask who is on a list."
      actions={lists.data && lists.data.items.length > 0 ? add : null}
    >
      <Card>
        <Loaded query={lists} waiting={<Waiting lines={6} />} empty={<FirstList action={add} />}>
          {(found) => (
            <DataTable
              label="Lists"
              columns={COLUMNS}
              rows={found.items}
              rowKey={(list) => list.slug}
              hasMore={lists.hasNextPage}
              loadingMore={lists.isFetchingNextPage}
              loadMore={lists.fetchNextPage}
            />
          )}
        </Loaded>
      </Card>
      {naming ? <NameDialog list={null} close={() => setNaming(false)} /> : null}
    </Page>
  );
}

function FirstList({ action }: { action: React.ReactNode }) {
  return (
    <EmptyState title="No list yet" icon={<IconAudiences size={36} stroke={1.5} />} action={action}>
      A list is for what no rule can tell: who came to the fair, whom the board invites. Paste addresses,
      import a file, or add customers one by one.
    </EmptyState>
  );
}

import { Anchor, Button, Card } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type CustomerRow, useList } from "@/api";
import {
  Ago,
  type Column,
  DataTable,
  EmptyState,
  IconCustomers,
  Instant,
  Loaded,
  Page,
  StageBadge,
  Waiting,
} from "@/design";
import { searchText } from "@/lib/search";
import { CustomerFilters, type Filters } from "./CustomerFilters";
import { customerName } from "./names";

const COLUMNS: Column<CustomerRow>[] = [
  {
    key: "name",
    title: "Customer",
    heads: true,
    cell: (row) => (
      <Anchor component={Link} to={`/customers/${row.id}`} fw={600}>
        {customerName(row)}
      </Anchor>
    ),
  },
  {
    key: "email",
    title: "E-mail",
    wide: true,
    cell: (row) => <span style={{ overflowWrap: "anywhere" }}>{row.email ?? "–"}</span>,
  },
  { key: "stage", title: "Stage", cell: (row) => <StageBadge stage={row.stage} /> },
  { key: "last", title: "Last seen", wide: true, cell: (row) => <Ago at={row.last_seen_at} /> },
  { key: "first", title: "First seen", wide: true, cell: (row) => <Instant at={row.first_seen_at} /> },
];

export default function CustomersPage() {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const filters: Filters = {
    q: searchText(search.q),
    stage: searchText(search.stage),
    audience: searchText(search.audience),
  };
  const customers = useList("/api/customers", { params: filters });
  // Each letter typed is not a place to go back to.
  const filter = (next: Filters) => void navigate({ to: "/customers", search: next, replace: true });
  const filtered = Boolean(filters.q || filters.stage || filters.audience);
  return (
    <Page title="Customers" lead="Everyone who was ever glimpsed, from the first page view on.">
      <CustomerFilters filters={filters} change={filter} />
      <Card>
        <Loaded
          query={customers}
          waiting={<Waiting lines={8} />}
          empty={filtered ? <NobodyFits clear={() => filter({})} /> : <NobodyYet />}
        >
          {(list) => (
            <DataTable
              label="Customers"
              columns={COLUMNS}
              rows={list.items}
              rowKey={(row) => row.id}
              hasMore={customers.hasNextPage}
              loadingMore={customers.isFetchingNextPage}
              loadMore={customers.fetchNextPage}
            />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function NobodyFits({ clear }: { clear: () => void }) {
  return (
    <EmptyState
      title="No customer fits"
      icon={<IconCustomers size={36} stroke={1.5} />}
      action={
        <Button variant="default" onClick={clear}>
          Show everyone
        </Button>
      }
    >
      Search looks at names, e-mail addresses and every identifier. Try a shorter piece of it, or fewer
      filters.
    </EmptyState>
  );
}

function NobodyYet() {
  return (
    <EmptyState
      title="Nobody has come by yet"
      icon={<IconCustomers size={36} stroke={1.5} />}
      action={
        <Button component={Link} to="/settings">
          Get the write key
        </Button>
      }
    >
      A customer appears with their first event. Point a Segment SDK at this server with the write key, or
      bring history in with <code>regulars import</code>.
    </EmptyState>
  );
}

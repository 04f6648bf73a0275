import { Anchor, List, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type Journey, path, type Refusal, useList } from "@/api";
import { Ago, type Column, DataTable, EmptyState, IconCustomers, Loaded } from "@/design";
import { count, plural } from "@/lib/format";

const COLUMNS: Column<Refusal>[] = [
  {
    key: "customer",
    title: "Customer",
    heads: true,
    cell: ({ customer }) => (
      <Anchor component={Link} to={`/customers/${customer.id}`} fw={600}>
        {customer.name || customer.email || `Visitor ${customer.id.slice(-6)}`}
      </Anchor>
    ),
  },
  { key: "why", title: "Why not", cell: (refusal) => refusal.because },
  { key: "times", title: "Times", align: "right", wide: true, cell: (refusal) => count(refusal.times) },
  { key: "at", title: "Last", wide: true, cell: (refusal) => <Ago at={refusal.at} /> },
];

/** Who met the trigger and still did not enter, and why: what is missing is as telling as what is there. */
export function Refusals({ journey }: { journey: Journey }) {
  const refusals = useList(path("/api/journeys/{slug}/refusals", journey.slug));
  return (
    <Loaded
      query={refusals}
      empty={
        <EmptyState title="Nobody was turned away" icon={<IconCustomers size={36} stroke={1.5} />}>
          Everyone who met the trigger since the first publishing entered. Whoever does not is listed here
          with the reason.
        </EmptyState>
      }
    >
      {(list) => (
        <>
          <List size="sm" mb="sm">
            {journey.refused.map((reason) => (
              <List.Item key={reason.because}>
                <Text component="span" fw={600} size="sm">
                  {plural(reason.customers, "customer")}
                </Text>
                : {reason.because}
              </List.Item>
            ))}
          </List>
          <DataTable
            label="Customers who did not enter"
            columns={COLUMNS}
            rows={list.items}
            rowKey={(refusal) => `${refusal.customer.id} ${refusal.because}`}
            hasMore={refusals.hasNextPage}
            loadingMore={refusals.isFetchingNextPage}
            loadMore={refusals.fetchNextPage}
          />
        </>
      )}
    </Loaded>
  );
}

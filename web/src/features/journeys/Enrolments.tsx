import { Anchor, Button, Text } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type Enrolment, type Journey, path, useList } from "@/api";
import { Ago, type Column, DataTable, EmptyState, IconCustomers, Instant, Loaded } from "@/design";
import { searchText } from "@/lib/search";
import { stepInWords } from "./definition";
import { Passage } from "./Passage";

const customerName = ({ id, name, email }: Enrolment["customer"]): string =>
  name || email || `Visitor ${id.slice(-6)}`;

const refresh_ms = 3_000;

/** Who travels, where they are, and, opened, everything that happened to them on the way. */
export function Enrolments({ journey }: { journey: Journey }) {
  const enrolments = useList(path("/api/journeys/{slug}/enrolments", journey.slug), {
    refreshEvery: refresh_ms,
  });
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const opened = searchText(search.enrolment);
  const navigate = useNavigate();
  const open = (id: string | undefined) =>
    void navigate({
      to: `/journeys/${journey.slug}`,
      search: { enrolment: id } as never,
      replace: true,
      resetScroll: false,
    });
  const columns: Column<Enrolment>[] = [
    {
      key: "customer",
      title: "Customer",
      heads: true,
      cell: ({ customer }) => (
        <Anchor component={Link} to={`/customers/${customer.id}`} fw={600}>
          {customerName(customer)}
        </Anchor>
      ),
    },
    { key: "entered", title: "Entered", wide: true, cell: (each) => <Ago at={each.entered_at} /> },
    { key: "version", title: "Version", align: "right", wide: true, cell: (each) => each.version },
    { key: "now", title: "Where now", cell: (each) => <Now enrolment={each} journey={journey} /> },
    {
      key: "open",
      title: "Passage",
      cell: (each) => (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Show the passage of ${customerName(each.customer)}`}
          onClick={() => open(each.id)}
        >
          Show
        </Button>
      ),
    },
  ];
  return (
    <>
      <Loaded query={enrolments} empty={<Nobody journey={journey} />}>
        {(list) => (
          <DataTable
            label="Enrolments"
            columns={columns}
            rows={list.items}
            rowKey={(each) => each.id}
            hasMore={enrolments.hasNextPage}
            loadingMore={enrolments.isFetchingNextPage}
            loadMore={enrolments.fetchNextPage}
          />
        )}
      </Loaded>
      {opened ? <Passage id={opened} journey={journey} close={() => open(undefined)} /> : null}
    </>
  );
}

function Nobody({ journey }: { journey: Journey }) {
  return (
    <EmptyState title="Nobody has entered yet" icon={<IconCustomers size={36} stroke={1.5} />}>
      {journey.state === "draft"
        ? "Customers enter once the journey is published."
        : "Customers enter from the moment of publishing on; what they did before does not count."}
    </EmptyState>
  );
}

function Now({ enrolment, journey }: { enrolment: Enrolment; journey: Journey }) {
  const steps = enrolment.version === journey.version ? journey.definition_live?.steps : undefined;
  const at = enrolment.left_at ?? enrolment.wake_at;
  return (
    <Text size="sm" component="div">
      {enrolment.left_at
        ? `left: ${enrolment.left_because ?? "–"}`
        : enrolment.step === null
          ? "–"
          : `at: ${stepInWords(steps, enrolment.step)}`}
      {at ? (
        <Text size="xs" c="dimmed">
          {enrolment.left_at ? "" : "goes on "}
          <Instant at={at} />
        </Text>
      ) : null}
    </Text>
  );
}

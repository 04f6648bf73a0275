import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type Enrolment, path, useList } from "@/api";
import { type Column, DataTable, EmptyState, IconJourneys, Instant, Loaded } from "@/design";

const COLUMNS: Column<Enrolment>[] = [
  {
    key: "journey",
    title: "Journey",
    heads: true,
    cell: (enrolment) => (
      <Anchor
        component={Link}
        to={`/journeys/${enrolment.journey}`}
        search={{ enrolment: enrolment.id } as never}
      >
        {enrolment.journey}
        <Text size="xs" c="dimmed" component="span">
          {" "}
          version {enrolment.version}
        </Text>
      </Anchor>
    ),
  },
  { key: "entered", title: "Entered", cell: (enrolment) => <Instant at={enrolment.entered_at} /> },
  { key: "now", title: "Where now", cell: (enrolment) => <Now enrolment={enrolment} /> },
];

export function Enrolments({ customer }: { customer: string }) {
  const enrolments = useList(path("/api/customers/{customer_id}/enrolments", customer));
  return (
    <Loaded
      query={enrolments}
      empty={
        <EmptyState title="Not on any journey yet" icon={<IconJourneys size={36} stroke={1.5} />}>
          A live journey takes customers in on an event, an audience or a stage.
        </EmptyState>
      }
    >
      {(list) => (
        <DataTable
          label="Journeys"
          columns={COLUMNS}
          rows={list.items}
          rowKey={(enrolment) => enrolment.id}
          hasMore={enrolments.hasNextPage}
          loadingMore={enrolments.isFetchingNextPage}
          loadMore={enrolments.fetchNextPage}
        />
      )}
    </Loaded>
  );
}

function Now({ enrolment }: { enrolment: Enrolment }) {
  if (enrolment.left_at) {
    return (
      <Stack gap={0}>
        <Text size="sm">left: {enrolment.left_because ?? "–"}</Text>
        <Text size="xs" c="dimmed">
          <Instant at={enrolment.left_at} />
        </Text>
      </Stack>
    );
  }
  return (
    <Stack gap={0}>
      <Text size="sm">at step {enrolment.step ?? "–"}</Text>
      {enrolment.wake_at ? (
        <Text size="xs" c="dimmed">
          goes on <Instant at={enrolment.wake_at} />
        </Text>
      ) : null}
    </Stack>
  );
}

import { Anchor, Button, Card } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type JourneyRow, useList } from "@/api";
import {
  Ago,
  type Column,
  DataTable,
  EmptyState,
  IconJourneys,
  IconPlus,
  Loaded,
  Page,
  Waiting,
} from "@/design";
import { count } from "@/lib/format";
import { JourneyState } from "./JourneyState";

const COLUMNS: Column<JourneyRow>[] = [
  {
    key: "name",
    title: "Journey",
    heads: true,
    cell: (journey) => (
      <Anchor component={Link} to={`/journeys/${journey.slug}`} fw={600}>
        {journey.name}
      </Anchor>
    ),
  },
  { key: "state", title: "State", cell: (journey) => <JourneyState state={journey.state} /> },
  { key: "version", title: "Version", align: "right", wide: true, cell: (journey) => journey.version ?? "–" },
  { key: "inside", title: "Inside now", align: "right", cell: (journey) => count(journey.inside) },
  { key: "entered", title: "Entered", align: "right", wide: true, cell: (journey) => count(journey.entered) },
  { key: "left", title: "Left", align: "right", wide: true, cell: (journey) => count(journey.left) },
  { key: "changed", title: "Changed", wide: true, cell: (journey) => <Ago at={journey.updated_at} /> },
];

const refresh_ms = 5_000;

export default function JourneysPage() {
  const journeys = useList("/api/journeys", { refreshEvery: refresh_ms });
  const add = (
    <Button component={Link} to="/journeys/new" leftSection={<IconPlus size={16} aria-hidden />}>
      New journey
    </Button>
  );
  return (
    <Page
      title="Journeys"
      lead="Steps that customers travel: they enter on something they do or become, wait, get messages, and leave."
      actions={
        <>
          <Button component={Link} to="/journeys/templates" variant="default">
            Templates
          </Button>
          {journeys.data && journeys.data.items.length > 0 ? add : null}
        </>
      }
    >
      <Card>
        <Loaded query={journeys} waiting={<Waiting lines={6} />} empty={<FirstJourney action={add} />}>
          {(list) => (
            <DataTable
              label="Journeys"
              columns={COLUMNS}
              rows={list.items}
              rowKey={(journey) => journey.slug}
              hasMore={journeys.hasNextPage}
              loadingMore={journeys.isFetchingNextPage}
              loadMore={journeys.fetchNextPage}
            />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function FirstJourney({ action }: { action: React.ReactNode }) {
  return (
    <EmptyState title="No journey yet" icon={<IconJourneys size={36} stroke={1.5} />} action={action}>
      A first one could be: when somebody completes their first order, send a welcome, wait two days, send a
      tip. Write the e-mails as templates, draw the steps, publish. Nothing is sent before you publish.
    </EmptyState>
  );
}

import { Anchor, Button, Card, Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type Audience, useList } from "@/api";
import {
  Ago,
  type Column,
  DataTable,
  EmptyState,
  IconAudiences,
  IconPlus,
  Loaded,
  Page,
  RuleText,
  Waiting,
} from "@/design";
import { count } from "@/lib/format";
import { State } from "./State";

const COLUMNS: Column<Audience>[] = [
  {
    key: "name",
    title: "Audience",
    heads: true,
    cell: (audience) => (
      <Anchor component={Link} to={`/audiences/${audience.slug}`} fw={600}>
        {audience.name}
      </Anchor>
    ),
  },
  {
    key: "members",
    title: "Members",
    align: "right",
    cell: (audience) => (audience.members === null ? "…" : count(audience.members)),
  },
  { key: "state", title: "State", cell: (audience) => <State {...audience} /> },
  { key: "rule", title: "Rule", wide: true, cell: (audience) => <RuleText rule={audience.rule_text} /> },
  { key: "changed", title: "Changed", wide: true, cell: (audience) => <Ago at={audience.updated_at} /> },
];

/** A filling audience counts up; a few seconds are soon enough to see it. */
const refresh_ms = 5_000;

export default function AudiencesPage() {
  const audiences = useList("/api/audiences", { refreshEvery: refresh_ms });
  const add = (
    <Button component={Link} to="/audiences/new" leftSection={<IconPlus size={16} aria-hidden />}>
      New audience
    </Button>
  );
  return (
    <Page
      title="Audiences"
      lead="The customers for whom a rule holds now. They come and go by what they do, and by time alone."
      actions={
        <>
          <Button component={Link} to="/audiences/lists" variant="default">
            Lists
          </Button>
          {audiences.data && audiences.data.items.length > 0 ? add : null}
        </>
      }
    >
      <Card>
        <Loaded query={audiences} waiting={<Waiting lines={6} />} empty={<FirstAudience action={add} />}>
          {(list) => (
            <Stack>
              <DataTable
                label="Audiences"
                columns={COLUMNS}
                rows={list.items}
                rowKey={(audience) => audience.slug}
                hasMore={audiences.hasNextPage}
                loadingMore={audiences.isFetchingNextPage}
                loadMore={audiences.fetchNextPage}
              />
            </Stack>
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function FirstAudience({ action }: { action: React.ReactNode }) {
  return (
    <EmptyState title="No audience yet" icon={<IconAudiences size={36} stroke={1.5} />} action={action}>
      Describe customers by a rule, such as{" "}
      <RuleText rule={'country is "DE" and did "Order Completed" in the last 90 days'} />, and see how many
      there are while you write it. Journeys can start from an audience.
    </EmptyState>
  );
}

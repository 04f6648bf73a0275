import { Anchor, Button, Card, Group, Text, Title } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type Audience, type AudienceMember, path, useList, useResource } from "@/api";
import {
  Ago,
  BackLink,
  type Column,
  DataTable,
  EmptyState,
  IconAudiences,
  Loaded,
  LoadedPage,
  Page,
  RuleText,
} from "@/design";
import { count } from "@/lib/format";
import { DeleteDialog } from "./DeleteDialog";
import { Filling } from "./Filling";
import { State } from "./State";

const refresh_ms = 5_000;
/** While a bar moves, somebody may be watching it. */
const filling_ms = 1_000;

export default function AudiencePage() {
  const { slug = "" } = useParams({ strict: false }) as { slug?: string };
  const [pace, setPace] = useState(refresh_ms);
  const audience = useResource(path("/api/audiences/{slug}", slug), { refreshEvery: pace });
  const wanted = audience.data?.state === "filling" ? filling_ms : refresh_ms;
  if (pace !== wanted) setPace(wanted);
  return (
    <LoadedPage query={audience} title="Audience" above={<BackLink to="/audiences">Audiences</BackLink>}>
      {(found) => <AudienceView audience={found} />}
    </LoadedPage>
  );
}

function AudienceView({ audience }: { audience: Audience }) {
  const [deleting, setDeleting] = useState(false);
  return (
    <Page
      above={<BackLink to="/audiences">Audiences</BackLink>}
      title={audience.name}
      lead={
        <Group gap="xs">
          <State {...audience} />
          {audience.members === null ? (
            <Text size="sm">Its members are being worked out.</Text>
          ) : (
            <Text size="sm">
              {count(audience.members)} members now · rule changed <Ago at={audience.updated_at} />
            </Text>
          )}
        </Group>
      }
      actions={
        <>
          <Button variant="default" color="red" onClick={() => setDeleting(true)}>
            Delete
          </Button>
          <Button component={Link} to={`/audiences/${audience.slug}/edit`}>
            Edit
          </Button>
        </>
      }
    >
      <Filling audience={audience} />
      <Card component="section" aria-label="Rule">
        <Title order={2} size="h3" mb="xs">
          Rule
        </Title>
        <RuleText rule={audience.rule_text} />
      </Card>
      <Card>
        <Title order={2} size="h3" mb="xs">
          Members
        </Title>
        <Members slug={audience.slug} filling={audience.state === "filling"} />
      </Card>
      {deleting ? <DeleteDialog audience={audience} close={() => setDeleting(false)} /> : null}
    </Page>
  );
}

const COLUMNS: Column<AudienceMember>[] = [
  {
    key: "name",
    title: "Customer",
    heads: true,
    cell: (member) => (
      <Anchor component={Link} to={`/customers/${member.id}`} fw={600}>
        {member.name || member.email || `Visitor ${member.id.slice(-6)}`}
      </Anchor>
    ),
  },
  { key: "email", title: "E-mail", wide: true, cell: (member) => member.email ?? "–" },
  { key: "since", title: "Member since", cell: (member) => <Ago at={member.since} /> },
];

function Members({ slug, filling }: { slug: string; filling: boolean }) {
  const members = useList(path("/api/audiences/{slug}/members", slug), { refreshEvery: refresh_ms });
  return (
    <Loaded
      query={members}
      empty={
        <EmptyState
          title={filling ? "Still filling" : "The rule holds for nobody now"}
          icon={<IconAudiences size={36} stroke={1.5} />}
        >
          {filling
            ? "Members appear here as soon as the rule has been asked of every customer."
            : "Customers appear here by themselves when it does. Edit the rule to see which condition lets nobody through."}
        </EmptyState>
      }
    >
      {(list) => (
        <DataTable
          label="Members"
          columns={COLUMNS}
          rows={list.items}
          rowKey={(member) => member.id}
          hasMore={members.hasNextPage}
          loadingMore={members.isFetchingNextPage}
          loadMore={members.fetchNextPage}
        />
      )}
    </Loaded>
  );
}

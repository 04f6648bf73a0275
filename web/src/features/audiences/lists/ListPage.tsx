import { Anchor, Button, Card, Code, Group, Text, Title } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type ListMember, path, type StaticList, useList, useResource } from "@/api";
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
  ProblemNotice,
} from "@/design";
import { plural } from "@/lib/format";
import { CustomerPicker } from "../CustomerPicker";
import { called } from "../called";
import { DeleteListDialog } from "./DeleteListDialog";
import { ImportDialog } from "./ImportDialog";
import { NameDialog } from "./NameDialog";
import { useListChange } from "./useListChange";

const refresh_ms = 3_000;

export default function ListPage() {
  const { slug = "" } = useParams({ strict: false }) as { slug?: string };
  const list = useResource(path("/api/lists/{slug}", slug), { refreshEvery: refresh_ms });
  return (
    <LoadedPage query={list} title="List" above={<BackLink to="/audiences/lists">Lists</BackLink>}>
      {(found) => <ListView list={found} />}
    </LoadedPage>
  );
}

type Open = "rename" | "delete" | "import" | null;

function ListView({ list }: { list: StaticList }) {
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <Page
      above={<BackLink to="/audiences/lists">Lists</BackLink>}
      title={list.name}
      lead={
        <Text size="sm" component="span">
          {plural(list.members, "customer")} · changed <Ago at={list.updated_at} /> · rules say{" "}
          <Code>{`in list "${list.slug}"`}</Code>
        </Text>
      }
      actions={
        <>
          <Button variant="default" color="red" onClick={() => setOpen("delete")}>
            Delete
          </Button>
          <Button variant="default" onClick={() => setOpen("rename")}>
            Rename
          </Button>
          <Button onClick={() => setOpen("import")}>Import</Button>
        </>
      }
    >
      <Card component="section" aria-label="Customers on the list">
        <Members list={list} />
      </Card>
      {open === "rename" ? <NameDialog list={list} close={close} /> : null}
      {open === "delete" ? <DeleteListDialog list={list} close={close} /> : null}
      {open === "import" ? <ImportDialog list={list} close={close} /> : null}
    </Page>
  );
}

function Members({ list }: { list: StaticList }) {
  const members = useList(path("/api/lists/{slug}/members", list.slug), { refreshEvery: refresh_ms });
  const change = useListChange(list.slug);
  const [said, setSaid] = useState("");
  const [picks, setPicks] = useState(0);
  const act = (verb: "add" | "remove", who: { id: string; name: string | null; email: string | null }) =>
    change.mutate(
      { [verb]: [{ id: who.id }] },
      {
        onSuccess: ({ added, removed }) =>
          setSaid(
            added + removed === 0
              ? `${called(who)} ${verb === "add" ? "is on the list already" : "is not on the list any more"}.`
              : `${called(who)} ${verb === "add" ? "is added" : "is taken off"}; it shows in a moment.`,
          ),
      },
    );
  return (
    <>
      <Group justify="space-between" align="flex-end" mb="md">
        <Title order={2} size="h3">
          Customers
        </Title>
        <div style={{ width: 300, maxWidth: "100%" }}>
          <CustomerPicker
            // A fresh box after each pick.
            key={picks}
            label="Add a customer"
            placeholder="Add a customer …"
            pick={(row) => {
              if (row) act("add", row);
              setPicks(picks + 1);
            }}
          />
        </div>
      </Group>
      {change.error ? <ProblemNotice problem={change.error} /> : null}
      <Text size="sm" c="dimmed" role="status" mb={said ? "xs" : 0}>
        {said}
      </Text>
      <Loaded
        query={members}
        empty={
          <EmptyState title="Nobody is on this list" icon={<IconAudiences size={36} stroke={1.5} />}>
            Search for a customer above, or import a file or a pasted list of addresses.
          </EmptyState>
        }
      >
        {(found) => (
          <DataTable
            label="Customers on the list"
            columns={columns((member) => act("remove", member), change.isPending)}
            rows={found.items}
            rowKey={(member) => member.id}
            hasMore={members.hasNextPage}
            loadingMore={members.isFetchingNextPage}
            loadMore={members.fetchNextPage}
          />
        )}
      </Loaded>
    </>
  );
}

const columns = (takeOff: (member: ListMember) => void, busy: boolean): Column<ListMember>[] => [
  {
    key: "name",
    title: "Customer",
    heads: true,
    cell: (member) => (
      <Anchor component={Link} to={`/customers/${member.id}`} fw={600}>
        {called(member)}
      </Anchor>
    ),
  },
  { key: "email", title: "E-mail", wide: true, cell: (member) => member.email ?? "–" },
  { key: "since", title: "On it since", cell: (member) => <Ago at={member.since} /> },
  {
    key: "off",
    title: <span style={{ fontSize: 0 }}>Take off</span>,
    align: "right",
    cell: (member) => (
      <Button
        size="compact-xs"
        variant="subtle"
        color="red"
        disabled={busy}
        aria-label={`Take ${called(member)} off the list`}
        onClick={() => takeOff(member)}
      >
        Take off
      </Button>
    ),
  },
];

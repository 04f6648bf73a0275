import { Badge, Button, Card, Group, Stack, Tabs, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { type Key, useList } from "@/api";
import { Ago, type Column, CopyText, DataTable, IconPlus, Instant, Loaded } from "@/design";
import { NewKeyDialog } from "./NewKeyDialog";
import { RevokeDialog } from "./RevokeDialog";
import { SettingsFrame } from "./SettingsFrame";
import { snippets } from "./snippets";

export default function KeysPage() {
  const keys = useList("/api/keys");
  const [making, dialog] = useDisclosure(false);
  const [leaving, revoke] = useState<Key | null>(null);
  return (
    <SettingsFrame
      title="Keys"
      lead="The write key goes into your shop and can only send events. An admin key can do what you can."
      actions={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={dialog.open}>
          New key
        </Button>
      }
    >
      <Loaded query={keys}>
        {(data) => (
          <>
            <Connect write={data.items.find((key) => key.write_key && !key.revoked_at)} />
            <Card>
              <Title order={2} mb="xs">
                All keys
              </Title>
              <DataTable
                label="Keys"
                columns={columns(revoke)}
                rows={data.items}
                rowKey={(key) => key.id}
                hasMore={keys.hasNextPage}
                loadingMore={keys.isFetchingNextPage}
                loadMore={keys.fetchNextPage}
              />
            </Card>
          </>
        )}
      </Loaded>
      <NewKeyDialog opened={making} close={dialog.close} />
      <RevokeDialog revoked={leaving} close={() => revoke(null)} />
    </SettingsFrame>
  );
}

function Connect({ write }: { write: Key | undefined }) {
  if (!write?.write_key) {
    return (
      <Card>
        <Text c="dimmed">There is no write key. Make one to let a shop or an app send events.</Text>
      </Card>
    );
  }
  const ways = snippets(write.write_key, window.location.origin);
  return (
    <Card>
      <Title order={2}>Send events</Title>
      <Text c="dimmed" size="sm" mb="sm">
        Regulars speaks Segment&rsquo;s tracking protocol: point any Segment client at it.
      </Text>
      <Stack gap="md">
        <CopyText text={write.write_key} label="Copy write key" />
        <Tabs defaultValue="python" keepMounted={false}>
          <Tabs.List>
            {ways.map((way) => (
              <Tabs.Tab key={way.value} value={way.value}>
                {way.label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {ways.map((way) => (
            <Tabs.Panel key={way.value} value={way.value} pt="sm">
              <CopyText text={way.code} block />
            </Tabs.Panel>
          ))}
        </Tabs>
      </Stack>
    </Card>
  );
}

function columns(revoke: (key: Key) => void): Column<Key>[] {
  return [
    { key: "name", title: "Name", heads: true, cell: (key) => key.name },
    {
      key: "kind",
      title: "Kind",
      cell: (key) => (
        <Badge variant="light" color={key.kind === "admin" ? "mulberry" : "green"}>
          {key.kind}
        </Badge>
      ),
    },
    { key: "prefix", title: "Begins with", wide: true, cell: (key) => <code>{key.prefix}…</code> },
    { key: "created", title: "Made", wide: true, cell: (key) => <Instant at={key.created_at} /> },
    { key: "used", title: "Last used", cell: (key) => <Ago at={key.last_used_at} empty="never" /> },
    {
      key: "revoke",
      title: <span className="rg-hidden">Revoke</span>,
      align: "right",
      cell: (key) =>
        key.revoked_at ? (
          <Text size="sm" c="dimmed">
            revoked <Ago at={key.revoked_at} />
          </Text>
        ) : (
          <Group justify="flex-end">
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => revoke(key)}>
              Revoke<span className="rg-hidden"> {key.name}</span>
            </Button>
          </Group>
        ),
    },
  ];
}

import { Alert, Button, Card, Group, SegmentedControl, Text, Title } from "@mantine/core";
import { useState } from "react";
import { type System, useList } from "@/api";
import { DataTable, EmptyState, Loaded, ProblemNotice } from "@/design";
import { count, plural } from "@/lib/format";
import { DiscardDialog } from "./DiscardDialog";
import { columnsOf } from "./rejectionColumns";
import { useRejectionVerbs } from "./useRejectionVerbs";
import { many } from "./words";

const refresh_ms = 5_000;
const LEADS = {
  quarantined:
    "Accepted, and then no tick could work them in. They stay until they are retried or discarded.",
  refused:
    "Refused at the door in the last week; the sender was told. A retry takes them if the door now would.",
};

type Kind = keyof typeof LEADS;

/** What could not be worked in, to be taken once more or forgotten, one or several at a time. */
export function Rejections({ system }: { system: System }) {
  const waits = (name: Kind) => system.waiting.find((one) => one.kind === "rejections" && one.name === name);
  const quarantined = waits("quarantined");
  const [kind, setKind] = useState<Kind>("quarantined");
  const list = useList("/api/rejections", {
    params: { quarantined: kind === "quarantined" },
    refreshEvery: refresh_ms,
  });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [discarding, setDiscarding] = useState(false);
  const verbs = useRejectionVerbs(() => setChosen(new Set()));
  const shown = list.data?.items ?? [];
  const ids = shown.filter((one) => chosen.has(one.id)).map((one) => one.id);
  const turn = (id: string) => setChosen(flipped(chosen, id));
  const all = () => setChosen(new Set(ids.length === shown.length ? [] : shown.map((one) => one.id)));
  return (
    <Card component="section" aria-label="Put aside and refused">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h3">
          Put aside and refused
        </Title>
        <SegmentedControl
          value={kind}
          aria-label="Which ones"
          onChange={(next) => {
            setKind(next as Kind);
            setChosen(new Set());
            verbs.forget();
          }}
          data={[
            { value: "quarantined", label: `Put aside (${quarantined ? many(quarantined) : "0"})` },
            { value: "refused", label: "Refused" },
          ]}
        />
      </Group>
      <Text size="sm" c="dimmed" mb="sm" maw="70ch">
        {LEADS[kind]}
      </Text>
      <Group gap="xs" mb="sm">
        <Button
          size="xs"
          disabled={ids.length === 0}
          loading={verbs.retry.isPending}
          onClick={() => verbs.retry.mutate(ids)}
        >
          Retry {ids.length > 0 ? count(ids.length) : ""}
        </Button>
        <Button size="xs" variant="default" disabled={ids.length === 0} onClick={() => setDiscarding(true)}>
          Discard {ids.length > 0 ? count(ids.length) : ""}
        </Button>
        <Text size="sm" c="dimmed" role="status">
          {ids.length > 0 ? `${plural(ids.length, "message")} chosen` : (verbs.told ?? "")}
        </Text>
      </Group>
      {verbs.problem ? <ProblemNotice problem={verbs.problem} /> : null}
      {verbs.refused.length > 0 ? (
        <Alert color="red" variant="light" role="alert" mb="sm" title="Refused again">
          {verbs.refused.map((one) => (
            <Text size="sm" key={one.id}>
              {one.reason}
            </Text>
          ))}
        </Alert>
      ) : null}
      <Loaded
        query={list}
        empty={
          <EmptyState title={kind === "quarantined" ? "Nothing was put aside" : "Nothing was refused"}>
            {kind === "quarantined"
              ? "Every message that was accepted could be worked in."
              : "Every message of the last week could be read."}
          </EmptyState>
        }
      >
        {(data) => (
          <DataTable
            label={kind === "quarantined" ? "Messages put aside" : "Messages refused"}
            columns={columnsOf({ chosen, turn, all, whole: ids.length === data.items.length })}
            rows={data.items}
            rowKey={(one) => one.id}
            hasMore={list.hasNextPage}
            loadingMore={list.isFetchingNextPage}
            loadMore={list.fetchNextPage}
          />
        )}
      </Loaded>
      {discarding ? <DiscardDialog ids={ids} verbs={verbs} close={() => setDiscarding(false)} /> : null}
    </Card>
  );
}

function flipped(chosen: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(chosen);
  if (!next.delete(id)) next.add(id);
  return next;
}

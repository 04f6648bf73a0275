import { Button, Group, List, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Customer, type Merge, path, put } from "@/api";
import { Instant, ProblemNotice } from "@/design";
import { Panel } from "./Panel";

const word = "separate";

export function Merges({ customer }: { customer: Customer }) {
  const [undoing, setUndoing] = useState<Merge | null>(null);
  if (customer.merges.length === 0) return null;
  return (
    <Panel title="Merges">
      <Stack gap="sm">
        {customer.merges.map((merge) => (
          <Group key={merge.id} justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
            <div style={{ minWidth: 0 }}>
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                {merge.because}
              </Text>
              <Text size="xs" c="dimmed">
                <Instant at={merge.at} />
                {merge.undone_at ? (
                  <>
                    , undone <Instant at={merge.undone_at} />
                  </>
                ) : null}
              </Text>
            </div>
            {merge.undone_at ? null : (
              <Button size="compact-xs" variant="default" flex="none" onClick={() => setUndoing(merge)}>
                Undo
              </Button>
            )}
          </Group>
        ))}
      </Stack>
      {undoing ? <UndoDialog merge={undoing} customer={customer} close={() => setUndoing(null)} /> : null}
    </Panel>
  );
}

function UndoDialog({ merge, customer, close }: { merge: Merge; customer: Customer; close: () => void }) {
  const [typed, setTyped] = useState("");
  const queries = useQueryClient();
  const undo = useMutation({
    mutationFn: () => put(path("/api/merges/{merge_id}/undoing", merge.id)),
    onSuccess: async () => {
      const about = path("/api/customers/{customer_id}", customer.id);
      await queries.invalidateQueries({
        predicate: ({ queryKey: [key] }) => typeof key === "string" && key.startsWith(about),
      });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title="Undo this merge">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() === word) undo.mutate();
        }}
      >
        <Stack>
          <Text size="sm">
            They were taken for one person because: <em>{merge.because}</em>
          </Text>
          <List size="sm" spacing={4}>
            <List.Item>
              The absorbed customer comes back, with the identifiers and events that were theirs.
            </List.Item>
            <List.Item>Stages and audiences of both are worked out again; both may move.</List.Item>
            <List.Item>What was already sent stays sent. The merge and its undoing stay on record.</List.Item>
          </List>
          <TextInput
            label={`Type “${word}” to go on`}
            value={typed}
            autoComplete="off"
            data-autofocus
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          {undo.error ? <ProblemNotice problem={undo.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Keep them merged
            </Button>
            <Button type="submit" color="red" loading={undo.isPending} disabled={typed.trim() !== word}>
              Make them two again
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

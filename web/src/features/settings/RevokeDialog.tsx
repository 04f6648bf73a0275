import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Key, path, remove } from "@/api";
import { ProblemNotice } from "@/design";

/** Asks before a key stops working: whatever uses it stops with it. */
export function RevokeDialog({ revoked: key, close }: { revoked: Key | null; close: () => void }) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => remove(path("/api/keys/{key_id}", id)),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["/api/keys"] });
      close();
    },
  });
  return (
    <Modal opened={key !== null} onClose={close} title={`Revoke “${key?.name ?? ""}”?`}>
      <Stack>
        <Text size="sm">Whatever uses this key is refused from now on. This cannot be undone.</Text>
        {revoke.error ? <ProblemNotice problem={revoke.error} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Keep it
          </Button>
          <Button color="red" loading={revoke.isPending} onClick={() => key && revoke.mutate(key.id)}>
            Revoke
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

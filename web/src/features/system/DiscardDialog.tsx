import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { plural } from "@/lib/format";
import type { RejectionVerbs } from "./useRejectionVerbs";

type Props = { ids: string[]; verbs: RejectionVerbs; close: () => void };

/** Nothing brings back what is discarded, so it is asked once more. */
export function DiscardDialog({ ids, verbs, close }: Props) {
  return (
    <Modal opened onClose={close} title={`Discard ${plural(ids.length, "message")}`}>
      <Stack>
        <Text size="sm">
          What they say is gone for good. That they were discarded, and by whom, is kept in the audit log.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Keep them
          </Button>
          <Button
            color="red"
            loading={verbs.discard.isPending}
            onClick={() => verbs.discard.mutate(ids, { onSettled: close })}
          >
            Discard
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

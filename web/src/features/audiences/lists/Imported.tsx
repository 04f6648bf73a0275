import { Button, Group, Stack, Text } from "@mantine/core";
import type { ListChange } from "@/api";
import { CopyText } from "@/design";
import { plural } from "@/lib/format";

/** What became of an import; those nobody is known by can be copied, to look after them. */
export function Imported({ change, close }: { change: ListChange; close: () => void }) {
  const unknown = change.unknown.flatMap((one) => Object.values(one));
  return (
    <Stack gap="sm">
      <div role="status">
        <Text>
          {[
            change.added > 0 || change.removed === 0 ? `${plural(change.added, "customer")} added` : "",
            change.removed > 0 ? `${plural(change.removed, "customer")} taken off` : "",
          ]
            .filter(Boolean)
            .join(", ")}
          . It shows in a moment.
        </Text>
        {unknown.length > 0 ? (
          <Text mt="xs">{plural(unknown.length, "line")} named nobody we know:</Text>
        ) : null}
      </div>
      {unknown.length > 0 ? (
        <div style={{ maxHeight: 180, overflowY: "auto" }}>
          <CopyText text={unknown.join("\n")} />
        </div>
      ) : null}
      <Group justify="flex-end">
        <Button onClick={close} data-autofocus>
          Done
        </Button>
      </Group>
    </Stack>
  );
}

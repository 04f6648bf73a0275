import { Alert, Button, Group, Progress, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Audience, path, remove } from "@/api";
import { Ago, ProblemNotice } from "@/design";
import { count, percent } from "@/lib/format";

/** How far a new rule is: who belongs is worked out behind the one in force, which serves until the new one is whole. */
export function Filling({ audience }: { audience: Audience }) {
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => remove(path("/api/audiences/{slug}/filling", audience.slug)),
    onSettled: () =>
      queries.invalidateQueries({
        predicate: ({ queryKey: [key] }) => typeof key === "string" && key.startsWith("/api/audiences"),
      }),
  });
  const { filling, members } = audience;
  if (filling === null) return null;
  const { done, total, since } = filling;
  const share = total > 0 ? done / total : 0;
  const first = members === null;
  return (
    <Alert
      color="yellow"
      variant="light"
      title={first ? "The rule is being worked out" : "A new rule is being worked out"}
    >
      <Text size="sm">
        {first
          ? "Members appear once the rule has been asked of every customer."
          : `The rule before still serves: its ${count(members)} members are the audience until the new ones are all known.`}{" "}
        Leave this page if you like; it goes on.
      </Text>
      <Progress.Root my="xs" size="lg">
        <Progress.Section value={100 * share} aria-label="Customers asked" />
      </Progress.Root>
      <Group justify="space-between" gap="xs">
        <Text size="sm" role="status">
          {total > 0 ? (
            <>
              {count(done)} of {count(total)} customers, {percent(share)}
            </>
          ) : (
            "Not begun yet"
          )}
          {" · "}since <Ago at={since} />
        </Text>
        {first ? null : (
          <Button size="xs" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel, keep the rule before
          </Button>
        )}
      </Group>
      {cancel.error ? <ProblemNotice problem={cancel.error} /> : null}
    </Alert>
  );
}

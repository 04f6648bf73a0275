import { Card, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type JourneyDefinition, type Preview, post, type RuleTree } from "@/api";
import { Loaded, RuleText, Waiting } from "@/design";
import { againInWords } from "./definition";

/** What holds beside the steps: who may come again, and what takes a customer out at any step. */
export function Rules({ definition }: { definition: JourneyDefinition }) {
  return (
    <Card component="section" aria-label="Entering again and leaving early" padding="md">
      <Title order={2} size="h3" mb={4}>
        Leaves early when
      </Title>
      {definition.leave_when === null ? (
        <Text size="sm" c="dimmed">
          Never: everyone who enters travels to the end.
        </Text>
      ) : (
        <TreeAsText rule={definition.leave_when} />
      )}
      <Title order={2} size="h3" mt="md" mb={4}>
        Entering again
      </Title>
      <Text size="sm">{againInWords[definition.again]}</Text>
    </Card>
  );
}

function TreeAsText({ rule }: { rule: RuleTree }) {
  const preview = useQuery<Preview, Error>({
    queryKey: ["preview", rule, null],
    queryFn: () => post("/api/audiences/preview", { rule }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Loaded
      query={preview}
      waiting={<Waiting lines={1} />}
      failed={() => <code>{JSON.stringify(rule)}</code>}
    >
      {(found) => <RuleText rule={found.rule_text} />}
    </Loaded>
  );
}

import { Switch, Text, Title } from "@mantine/core";
import { type FieldError, type JourneyDefinition, useSuggest, type Vocabulary } from "@/api";
import { type Node, RuleBuilder } from "@/design/rules";

const STARTED: Node = { all: [{ did: "" }] };

/** The rule that takes a customer out at any step: bought, unsubscribed, became something else. */
export function LeaveWhen({
  rule,
  change,
  vocabulary,
  faults,
}: {
  rule: JourneyDefinition["leave_when"];
  change: (rule: JourneyDefinition["leave_when"]) => void;
  vocabulary: Vocabulary | undefined;
  faults: FieldError[];
}) {
  const suggest = useSuggest();
  return (
    <>
      <Title order={2} size="h3" mb="xs">
        Leaves early
      </Title>
      <Switch
        label="Take customers out, at any step, when a rule holds"
        checked={rule !== null}
        onChange={(event) => change(event.currentTarget.checked ? STARTED : null)}
        mb="sm"
      />
      {rule === null ? (
        <Text size="sm" c="dimmed">
          Without a rule everyone travels to the end, also those who did what the journey is for.
        </Text>
      ) : (
        <RuleBuilder
          rule={rule}
          onChange={change}
          vocabulary={vocabulary}
          suggest={suggest}
          faults={faults}
        />
      )}
    </>
  );
}

import { Anchor, Badge, Card, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Conditions, Instant, Waiting } from "@/design";
import { CustomerPicker } from "./CustomerPicker";
import { called } from "./called";
import type { Previewed } from "./usePreview";

/** The customer somebody asks about. */
export interface Asked {
  id: string;
  name: string;
}

/** Why one customer is in or out: each condition of the rule as it stands for them. */
export function WhyPanel({
  asked,
  ask,
  preview,
}: {
  asked: Asked | null;
  ask: (customer: Asked | null) => void;
  preview: Previewed;
}) {
  return (
    <Card component="section" aria-label="Why in or out" padding="md">
      <Title order={2} size="h3" mb="xs">
        Why in or out
      </Title>
      <CustomerPicker
        key={asked?.id ?? ""}
        label="Customer to explain"
        picked={asked}
        pick={(row) => ask(row && { id: row.id, name: called(row) })}
      />
      <div aria-live="polite" aria-busy={asked !== null && preview.behind}>
        {asked === null ? (
          <Text size="sm" c="dimmed" mt="xs">
            Choose a customer, and see which conditions hold for them and when that can change.
          </Text>
        ) : (
          <Told asked={asked} preview={preview} />
        )}
      </div>
    </Card>
  );
}

function Told({ asked, preview }: { asked: Asked; preview: Previewed }) {
  const { complete, problem, faults, query } = preview;
  if (!complete) {
    return (
      <Text size="sm" mt="xs">
        Fill in the conditions first.
      </Text>
    );
  }
  if (problem) {
    return (
      <Text size="sm" mt="xs" c="var(--mantine-color-error)">
        {faults.length > 0 || problem.place ? "The rule cannot be read yet." : problem.message}
      </Text>
    );
  }
  const told = query.isPlaceholderData ? null : query.data?.customer;
  if (!told) return <Waiting lines={3} />;
  return (
    <>
      <Text size="sm" my="xs" component="div">
        <Anchor component={Link} to={`/customers/${asked.id}`} target="_blank" size="sm" fw={600}>
          {asked.name}
        </Anchor>{" "}
        <Badge color={told.holds ? "green" : "red"} variant="light" tt="none">
          {told.holds ? "in" : "not in"}
        </Badge>
        {told.changes_at ? (
          <Text size="xs" c="dimmed" mt={4}>
            can change by time alone on <Instant at={told.changes_at} />
          </Text>
        ) : null}
      </Text>
      <Conditions conditions={told.conditions} />
    </>
  );
}

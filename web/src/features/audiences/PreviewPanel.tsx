import { Anchor, Card, List, Text, TextInput, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { asProblem } from "@/api";
import { Waiting } from "@/design";
import { count } from "@/lib/format";
import type { usePreview } from "./usePreview";

/** How many the rule holds for, and who some of them are, now or as of a day. */
export function PreviewPanel({
  preview,
  at,
  setAt,
}: {
  preview: ReturnType<typeof usePreview>;
  at: string | null;
  setAt: (at: string | null) => void;
}) {
  return (
    <Card component="section" aria-label="Whom it holds for" padding="md">
      <Title order={2} size="h3" mb="xs">
        Whom it holds for
      </Title>
      <div aria-live="polite" aria-busy={preview.behind}>
        <Answer preview={preview} />
      </div>
      <TextInput
        type="date"
        size="xs"
        mt="md"
        label="As of"
        description={at ? "At the end of that day, UTC." : "Now. Choose a day to ask who fitted then."}
        value={at?.slice(0, 10) ?? ""}
        onChange={(event) =>
          setAt(event.currentTarget.value ? `${event.currentTarget.value}T23:59:59Z` : null)
        }
      />
    </Card>
  );
}

function Answer({
  preview: { query, faults, complete, behind },
}: {
  preview: ReturnType<typeof usePreview>;
}) {
  if (!complete) return <Text size="sm">Fill in the conditions, and the count appears here.</Text>;
  if (query.error) {
    const problem = asProblem(query.error);
    return (
      <Text size="sm" c="var(--mantine-color-error)">
        {faults.length > 0 ? "The rule cannot be read yet; see what is marked in it." : problem.message}
      </Text>
    );
  }
  if (!query.data) return <Waiting lines={3} />;
  const { count: found, sample } = query.data;
  return (
    <div style={{ opacity: behind ? 0.65 : 1 }}>
      <Text fz={34} fw={700} lh={1.1}>
        {count(found)}
      </Text>
      <Text size="sm" c="dimmed" mb="xs">
        {found === 1 ? "customer" : "customers"}
      </Text>
      {sample.length > 0 ? (
        <List size="sm" listStyleType="none" aria-label="Some of them">
          {sample.map((customer) => (
            <List.Item key={customer.id}>
              <Anchor
                component={Link}
                to={`/customers/${customer.id}`}
                target="_blank"
                size="sm"
                display="inline-block"
                py={3}
              >
                {customer.name || customer.email || `Visitor ${customer.id.slice(-6)}`}
              </Anchor>
            </List.Item>
          ))}
        </List>
      ) : null}
    </div>
  );
}

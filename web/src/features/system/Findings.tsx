import { Alert, Code, Group, Stack, Text } from "@mantine/core";
import type { System } from "@/api";
import { IconCheck, IconWarning } from "@/design";
import { Past } from "./Past";

/** What is wrong, each with what to do about it; or that nothing is. */
export function Findings({ system: { findings, at } }: { system: System }) {
  if (findings.length === 0) {
    return (
      <Alert
        color="green"
        variant="light"
        role="status"
        icon={<IconCheck aria-hidden />}
        title="All is well"
      />
    );
  }
  return (
    <Stack component="section" gap="sm" aria-label="What is wrong">
      {findings.map((finding) => (
        <Alert
          key={finding.code + finding.what}
          color="red"
          variant="light"
          role="group"
          aria-label={finding.what}
          icon={<IconWarning aria-hidden />}
          title={finding.what}
        >
          <Text size="sm">
            <Advice text={finding.advice} />
          </Text>
          <Group gap="xs" mt={4}>
            <Code>{finding.code}</Code>
            {finding.since ? (
              <Text size="sm" component="span">
                since <Past at={finding.since} now={at} />
              </Text>
            ) : null}
          </Group>
        </Alert>
      ))}
    </Stack>
  );
}

/** Commands and names stand in backticks. */
function Advice({ text }: { text: string }) {
  return text.split("`").map((part, place) => (place % 2 ? <Code key={part}>{part}</Code> : part));
}

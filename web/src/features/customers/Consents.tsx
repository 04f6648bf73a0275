import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Customer } from "@/api";
import { Instant } from "@/design";
import { type Answered, ConsentDialog } from "./ConsentDialog";
import { channelName, topicName } from "./names";
import { Panel } from "./Panel";

export function Consents({ customer }: { customer: Customer }) {
  const [asking, setAsking] = useState<Answered | "new" | null>(null);
  return (
    <Panel
      title="Consent"
      action={
        <Button size="compact-xs" variant="subtle" onClick={() => setAsking("new")}>
          Record an answer
        </Button>
      }
    >
      {customer.consents.length === 0 ? (
        <Text size="sm" c="dimmed">
          Never asked. Marketing messages are not sent without a yes.
        </Text>
      ) : (
        <Stack gap="sm">
          {customer.consents.map((consent) => {
            const what = `${channelName(consent.channel)}, ${topicName(consent.topic)}`;
            return (
              <Group key={what} justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
                <div>
                  <Group gap={6}>
                    <Text size="sm">{what}</Text>
                    <Badge
                      size="sm"
                      variant="light"
                      color={consent.answer === "yes" ? "green" : "red"}
                      tt="none"
                    >
                      {consent.answer}
                    </Badge>
                  </Group>
                  <Text size="xs" c="dimmed">
                    <Instant at={consent.at} /> by {consent.source}
                  </Text>
                </div>
                <Button
                  size="compact-xs"
                  variant="default"
                  flex="none"
                  aria-label={`Change consent for ${what}`}
                  onClick={() => setAsking(consent)}
                >
                  Change
                </Button>
              </Group>
            );
          })}
        </Stack>
      )}
      {asking ? <ConsentDialog customer={customer} asked={asking} close={() => setAsking(null)} /> : null}
    </Panel>
  );
}

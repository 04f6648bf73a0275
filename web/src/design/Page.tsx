import { Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

type Props = {
  title: ReactNode;
  /** One sentence under the title. */
  lead?: ReactNode;
  /** Where this page hangs: breadcrumbs or a link back. */
  above?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
};

/** A page's heading (the one h1) and its content. */
export function Page({ title, lead, above, actions, children }: Props) {
  return (
    <Stack gap="lg">
      <div>
        {above ? <div style={{ marginBottom: 6 }}>{above}</div> : null}
        <Group justify="space-between" align="flex-start" gap="sm">
          <div style={{ minWidth: 0, flex: "1 1 260px" }}>
            <Title order={1} style={{ overflowWrap: "anywhere" }}>
              {title}
            </Title>
            {lead ? (
              <Text c="dimmed" mt={4} maw="70ch" component="div">
                {lead}
              </Text>
            ) : null}
          </div>
          {actions ? <Group gap="xs">{actions}</Group> : null}
        </Group>
      </div>
      {children}
    </Stack>
  );
}

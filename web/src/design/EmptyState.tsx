import { Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

type Props = { title: string; icon?: ReactNode; children?: ReactNode; action?: ReactNode };

/** Nothing here yet: says what would be here and how to make it appear. */
export function EmptyState({ title, icon, children, action }: Props) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      {icon ? (
        <span aria-hidden style={{ color: "var(--mantine-color-mulberry-5)", lineHeight: 0 }}>
          {icon}
        </span>
      ) : null}
      <Title order={2} size="h3">
        {title}
      </Title>
      {children ? (
        <Text c="dimmed" maw="52ch" component="div">
          {children}
        </Text>
      ) : null}
      {action ? <div style={{ marginTop: 8 }}>{action}</div> : null}
    </Stack>
  );
}

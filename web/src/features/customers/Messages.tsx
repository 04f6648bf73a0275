import { Anchor, Badge, Group, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type CustomerMessage, path, useList } from "@/api";
import { type Column, DataTable, EmptyState, IconMail, Instant, Loaded } from "@/design";

const COLOURS: Record<string, string> = {
  sent: "green",
  withheld: "yellow",
  failed: "red",
  unknown: "yellow",
};

const COLUMNS: Column<CustomerMessage>[] = [
  {
    key: "subject",
    title: "Message",
    heads: true,
    cell: (message) => (
      <Stack gap={2}>
        <span style={{ overflowWrap: "anywhere" }}>{message.subject || message.template}</span>
        <Text size="xs" c="dimmed" fw={400}>
          {message.template}
          {message.journey ? (
            <>
              {" from "}
              <Anchor component={Link} to={`/journeys/${message.journey}`} size="xs" underline="always">
                {message.journey}
              </Anchor>
            </>
          ) : null}
        </Text>
      </Stack>
    ),
  },
  { key: "state", title: "State, and why", cell: (message) => <State message={message} /> },
  {
    key: "at",
    title: "When",
    wide: true,
    cell: (message) => <Instant at={message.sent_at ?? message.created_at} />,
  },
];

/** Every message made for this customer, sent or not, with the reason when it was not. */
export function Messages({ customer }: { customer: string }) {
  const messages = useList(path("/api/customers/{customer_id}/messages", customer));
  return (
    <Loaded
      query={messages}
      empty={
        <EmptyState title="No messages yet" icon={<IconMail size={36} stroke={1.5} />}>
          When a journey reaches a step that sends, the message appears here, also when it was withheld and
          why.
        </EmptyState>
      }
    >
      {(list) => (
        <DataTable
          label="Messages"
          columns={COLUMNS}
          rows={list.items}
          rowKey={(message) => message.id}
          hasMore={messages.hasNextPage}
          loadingMore={messages.isFetchingNextPage}
          loadMore={messages.fetchNextPage}
        />
      )}
    </Loaded>
  );
}

function State({ message }: { message: CustomerMessage }) {
  const marks = [
    message.opened ? "opened" : null,
    message.clicked ? "clicked" : null,
    message.bounced ? "bounced" : null,
  ].filter((mark) => mark !== null);
  return (
    <Stack gap={2} align="flex-start">
      <Group gap={6}>
        <Badge variant="light" color={COLOURS[message.state] ?? "gray"} tt="none">
          {message.state}
        </Badge>
        {marks.map((mark) => (
          <Text key={mark} size="xs" c="dimmed">
            {mark}
          </Text>
        ))}
      </Group>
      {message.because ? <Text size="sm">{message.because}</Text> : null}
    </Stack>
  );
}

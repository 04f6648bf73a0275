import { Group, Radio, Stack, Text, Textarea, TextInput } from "@mantine/core";
import type { FieldError } from "@/api";
import { type Draft, usualTopic } from "./draft";
import styles from "./templates.module.css";

export function TemplateFields({
  draft,
  change,
  slug,
  errors,
}: {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  slug: string;
  errors: readonly FieldError[];
}) {
  const wrong = (field: string) =>
    errors.find(({ pointer }) => pointer.replace(/^[#/]+/, "") === field)?.detail;
  return (
    <Stack>
      <TextInput
        label="Name"
        required
        maxLength={120}
        description={
          slug ? `Known to journeys and the API as ${slug}` : "For colleagues; customers do not see it"
        }
        value={draft.name}
        error={wrong("name")}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <Radio.Group
        label="Purpose"
        value={draft.purpose}
        error={wrong("purpose")}
        onChange={(chosen) => {
          const purpose = chosen === "transactional" ? "transactional" : "marketing";
          change(
            draft.topic === usualTopic[draft.purpose] ? { purpose, topic: usualTopic[purpose] } : { purpose },
          );
        }}
      >
        <Stack gap={6} mt={4}>
          <Radio value="marketing" label="Marketing: needs consent, carries a one-click unsubscribe" />
          <Radio value="transactional" label="Transactional: a receipt, a notice they are owed" />
        </Stack>
      </Radio.Group>
      <TextInput
        label="Topic"
        required
        description={
          draft.purpose === "marketing"
            ? "What a customer says yes or no to, and unsubscribes from"
            : "What it is about; transactional mail goes out whatever the answer to a topic is"
        }
        value={draft.topic}
        error={wrong("topic")}
        onChange={(event) => change({ topic: event.currentTarget.value })}
      />
      <TextInput
        label="Subject"
        required
        value={draft.subject}
        error={wrong("subject")}
        onChange={(event) => change({ subject: event.currentTarget.value })}
      />
      <Textarea
        label="Body"
        required
        description="MJML with Liquid: {{ customer.name }}, {% if %} … {% endif %}"
        autosize
        minRows={14}
        maxRows={36}
        spellCheck={false}
        classNames={{ input: styles.code }}
        value={draft.body}
        error={wrong("body")}
        onChange={(event) => change({ body: event.currentTarget.value })}
      />
      <Textarea
        label="Text part"
        description="For readers without HTML. Left empty, it is made from the body."
        autosize
        minRows={3}
        maxRows={20}
        classNames={{ input: styles.code }}
        value={draft.text ?? ""}
        error={wrong("text")}
        onChange={(event) => change({ text: event.currentTarget.value || null })}
      />
      {errors.some(({ pointer }) => pointer === "") ? (
        <Group>
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {errors.find(({ pointer }) => pointer === "")?.detail}
          </Text>
        </Group>
      ) : null}
    </Stack>
  );
}

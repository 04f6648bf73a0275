import { Button, Card, Group, Tabs, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { asProblem } from "@/api";
import { RuleText } from "@/design";
import { isNode } from "@/design/rules";
import styles from "./audiences.module.css";
import type { Rule, usePreview } from "./usePreview";

type Props = { rule: Rule; change: (rule: Rule) => void; preview: ReturnType<typeof usePreview> };

/** The rule in its two written forms, both to read and to type. */
export function RuleSource({ rule, change, preview }: Props) {
  return (
    <Card component="section" aria-label="The rule, written" padding="md">
      <Tabs defaultValue="text" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="text">Text</Tabs.Tab>
          <Tabs.Tab value="json">JSON</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="text">
          <AsText rule={rule} change={change} preview={preview} />
        </Tabs.Panel>
        <Tabs.Panel value="json">
          <AsJson rule={rule} change={change} />
        </Tabs.Panel>
      </Tabs>
    </Card>
  );
}

function AsText({ rule, change, preview }: Props) {
  const written = preview.query.data?.rule_text ?? "";
  if (typeof rule !== "string") {
    return (
      <>
        {written && preview.complete ? (
          <RuleText rule={written} />
        ) : (
          <Text size="sm" c="dimmed">
            A complete rule reads here as a sentence.
          </Text>
        )}
        <Button
          mt="sm"
          size="compact-xs"
          variant="subtle"
          disabled={!preview.complete || written === ""}
          onClick={() => change(written)}
        >
          Write it as text
        </Button>
      </>
    );
  }
  const problem = preview.query.error ? asProblem(preview.query.error) : null;
  return (
    <Textarea
      aria-label="Rule as text"
      autosize
      minRows={4}
      classNames={{ input: styles.code }}
      spellCheck={false}
      value={rule}
      onChange={(event) => change(event.currentTarget.value)}
      error={problem ? (problem.errors[0]?.detail ?? problem.message) : null}
      placeholder={'country is "DE" and did "Order Completed" at least 2 times in the last 90 days'}
    />
  );
}

function AsJson({ rule, change }: { rule: Rule; change: (rule: Rule) => void }) {
  const [draft, setDraft] = useState<string | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const shown = draft ?? (typeof rule === "string" ? "" : JSON.stringify(rule, null, 2));
  const apply = () => {
    try {
      const read: unknown = JSON.parse(shown);
      if (!isNode(read)) return setWrong("A rule is a JSON object.");
      change(read);
      setDraft(null);
      setWrong(null);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <Textarea
        aria-label="Rule as JSON"
        autosize
        minRows={6}
        maxRows={22}
        classNames={{ input: styles.code }}
        spellCheck={false}
        value={shown}
        onChange={(event) => setDraft(event.currentTarget.value)}
        error={wrong}
      />
      {draft === null ? null : (
        <Group mt="xs" gap="xs">
          <Button size="compact-sm" onClick={apply}>
            Use this
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              setDraft(null);
              setWrong(null);
            }}
          >
            Drop
          </Button>
        </Group>
      )}
    </>
  );
}

import { Anchor, Button, Card, Group, Tabs, Text, Textarea, Title } from "@mantine/core";
import { useRef, useState } from "react";
import { isNode, type Node } from "@/design/rules";
import styles from "./audiences.module.css";
import { offsetOf } from "./offsetOf";
import type { Draft } from "./useDraft";

/** The rule in its two written forms, both to read and to type. */
export function RuleSource({ draft }: { draft: Draft }) {
  return (
    <Card component="section" aria-label="The rule, written" padding="md">
      <Tabs defaultValue="text" keepMounted={false}>
        <Group justify="space-between" align="center" mb="sm" gap="xs">
          <Title order={2} size="h3">
            Written
          </Title>
          <Tabs.List>
            <Tabs.Tab value="text">Text</Tabs.Tab>
            <Tabs.Tab value="json">JSON</Tabs.Tab>
          </Tabs.List>
        </Group>
        <Tabs.Panel value="text">
          <AsText draft={draft} />
        </Tabs.Panel>
        <Tabs.Panel value="json">
          <AsJson rule={draft.tree} change={draft.setTree} />
        </Tabs.Panel>
      </Tabs>
    </Card>
  );
}

function AsText({ draft }: { draft: Draft }) {
  const { text, preview, inStep } = draft;
  const field = useRef<HTMLTextAreaElement>(null);
  const problem = text === null || preview.behind ? null : preview.problem;
  const shown = text ?? preview.query.data?.rule_text ?? "";
  const goTo = (place: { line: number; column: number }) => {
    const at = offsetOf(shown, place);
    field.current?.focus();
    field.current?.setSelectionRange(at, at + 1);
  };
  return (
    <>
      <Textarea
        ref={field}
        aria-label="Rule as text"
        autosize
        minRows={4}
        classNames={{ input: styles.code }}
        spellCheck={false}
        value={shown}
        onChange={(event) => draft.setText(event.currentTarget.value)}
        onBlur={() => {
          if (text !== null && preview.answer) draft.dropText();
        }}
        error={problem ? (problem.errors[0]?.detail ?? problem.message) : null}
        placeholder={'country is "DE" and did "Order Completed" at least 2 times in the last 90 days'}
      />
      {problem?.place ? (
        <Anchor
          component="button"
          type="button"
          size="xs"
          onClick={() => problem.place && goTo(problem.place)}
        >
          line {problem.place.line}, column {problem.place.column}
        </Anchor>
      ) : null}
      <Text size="xs" c="dimmed" mt={4} role="status">
        {text === null
          ? preview.complete
            ? "Follows the form. Type here, and the form follows."
            : shown === ""
              ? "A complete rule reads here as a sentence. Or type one, and the form follows."
              : "The form is not filled in yet; this is how it last read."
          : text.trim() === ""
            ? "Nothing is written; the form keeps what was read last."
            : inStep
              ? "Read: the form says the same."
              : preview.behind
                ? "Reading …"
                : "Not read yet; the form keeps what was read last."}
      </Text>
      {text !== null && !inStep && !preview.behind ? (
        <Button variant="default" size="compact-xs" mt="xs" onClick={draft.dropText}>
          Drop this text
        </Button>
      ) : null}
    </>
  );
}

function AsJson({ rule, change }: { rule: Node; change: (rule: Node) => void }) {
  const [draft, setDraft] = useState<string | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const shown = draft ?? JSON.stringify(rule, null, 2);
  const drop = () => {
    setDraft(null);
    setWrong(null);
  };
  const apply = () => {
    try {
      const read: unknown = JSON.parse(shown);
      if (!isNode(read)) return setWrong("A rule is a JSON object.");
      change(read);
      drop();
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
          <Button size="compact-sm" variant="default" onClick={drop}>
            Drop
          </Button>
        </Group>
      )}
    </>
  );
}

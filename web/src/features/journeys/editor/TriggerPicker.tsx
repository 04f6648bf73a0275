import { ActionIcon, Autocomplete, Button, Group, Radio, Stack, Text, TextInput } from "@mantine/core";
import IconX from "@tabler/icons-react/dist/esm/icons/IconX.mjs";
import type { FieldError, RuleTree, Vocabulary } from "@/api";
import { OperatorFields, PROPERTY_OPERATORS, textOf } from "@/design/rules";
import type { Enter } from "../definition";
import styles from "../journeys.module.css";

type Kind = "event" | "audience" | "stage";

const kindOf = (enter: Enter): Kind =>
  "audience" in enter ? "audience" : "stage" in enter ? "stage" : "event";

const fresh: Record<Kind, Enter> = { event: { event: "" }, audience: { audience: "" }, stage: { stage: "" } };

type Props = {
  enter: Enter;
  change: (enter: Enter) => void;
  vocabulary: Vocabulary | undefined;
  faults: FieldError[];
};

/** What makes a customer enter: something they do, an audience they come into, a stage they reach. */
export function TriggerPicker({ enter, change, vocabulary, faults }: Props) {
  const kind = kindOf(enter);
  const wrong = faults[0]?.detail;
  return (
    <Stack gap="sm">
      <Radio.Group
        aria-label="What makes a customer enter"
        value={kind}
        onChange={(next) => change(fresh[next as Kind])}
      >
        <Group gap="md">
          <Radio value="event" label="does something" />
          <Radio value="audience" label="enters an audience" />
          <Radio value="stage" label="enters a stage" />
        </Group>
      </Radio.Group>
      {"audience" in enter ? (
        <Autocomplete
          label="Audience"
          required
          error={wrong}
          data={vocabulary?.audiences ?? []}
          value={enter.audience}
          onChange={(audience) => change({ audience })}
        />
      ) : null}
      {"stage" in enter ? (
        <Autocomplete
          label="Stage"
          required
          error={wrong}
          data={vocabulary?.stages ?? []}
          value={enter.stage}
          onChange={(stage) => change({ stage })}
        />
      ) : null}
      {"event" in enter ? (
        <>
          <Autocomplete
            label="Event"
            required
            error={wrong}
            placeholder="Order Completed"
            data={[...new Set((vocabulary?.events ?? []).map((event) => event.name))]}
            value={enter.event}
            onChange={(event) => change({ ...enter, event })}
          />
          <Where enter={enter} change={change} />
        </>
      ) : null}
    </Stack>
  );
}

type Act = Extract<Enter, { event: string }>;

function Where({ enter, change }: { enter: Act; change: (enter: Enter) => void }) {
  const conditions = enter.where ?? [];
  const set = (where: NonNullable<Act["where"]>) =>
    change(where.length > 0 ? { ...enter, where } : { event: enter.event });
  const put = (index: number, next: RuleTree) =>
    set(conditions.map((old, at) => (at === index ? next : old)));
  return (
    <>
      {conditions.map((condition, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the conditions have no other identity, and all fields are controlled
        <Group key={index} gap="xs">
          <Text size="sm">{index === 0 ? "where" : "and"}</Text>
          <TextInput
            aria-label="Property"
            size="xs"
            placeholder="category"
            className={styles.grow}
            value={textOf(condition.property)}
            onChange={(event) => put(index, { ...condition, property: event.currentTarget.value })}
          />
          <OperatorFields
            condition={condition}
            change={(next) => put(index, next)}
            examples={[]}
            allowed={PROPERTY_OPERATORS}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove the condition on ${textOf(condition.property) || "the property"}`}
            onClick={() => set(conditions.filter((_, at) => at !== index))}
          >
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      <Button
        size="compact-sm"
        variant="subtle"
        w="fit-content"
        onClick={() => set([...conditions, { property: "", is: "" }])}
      >
        {conditions.length === 0 ? "Only where a property …" : "And another property …"}
      </Button>
    </>
  );
}

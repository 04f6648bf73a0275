import { ActionIcon, Anchor, Autocomplete, Button, Group, Text, TextInput } from "@mantine/core";
import IconArrowDown from "@tabler/icons-react/dist/esm/icons/IconArrowDown.mjs";
import IconArrowUp from "@tabler/icons-react/dist/esm/icons/IconArrowUp.mjs";
import IconTrash from "@tabler/icons-react/dist/esm/icons/IconTrash.mjs";
import { Link } from "@tanstack/react-router";
import {
  type FieldError,
  type JourneyDefinition,
  type JourneyStep,
  type TemplateRow,
  useResource,
} from "@/api";
import { IconClock, IconMail } from "@/design";
import { DurationInput } from "@/design/rules";
import { freshId, inLine, inOrder, kindOf, moved, withStep } from "../definition";
import styles from "../journeys.module.css";

type Props = {
  definition: JourneyDefinition;
  change: (definition: JourneyDefinition) => void;
  faults: FieldError[];
};

export function Steps({ definition, change, faults }: Props) {
  const templates = useResource("/api/templates", { params: { limit: 200 } });
  const steps = inOrder(definition);
  if (steps === null) {
    return (
      <Text size="sm">The steps of this journey are not one line, so this page cannot change them.</Text>
    );
  }
  const set = (next: JourneyStep[]) => change(inLine(definition, next));
  const add = (step: { send: string } | { wait: string }) =>
    set(withStep(steps, { id: freshId(steps), next: null, ...step }));
  return (
    <>
      <ol className={styles.sorted}>
        {steps.map((step, index) => (
          <StepRow
            key={step.id}
            step={step}
            label={`Step ${index + 1}`}
            templates={templates.data?.items ?? []}
            fault={faultOf(faults, definition, step)}
            change={(next) => set(steps.map((old, at) => (at === index ? next : old)))}
            move={(by) => set(moved(steps, index, by))}
            first={index === 0}
            last={index >= steps.length - 2}
            remove={() => set(steps.filter((_, at) => at !== index))}
          />
        ))}
      </ol>
      <Group mt="sm" gap="xs">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconMail size={14} aria-hidden />}
          onClick={() => add({ send: "" })}
        >
          Add: send
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconClock size={14} aria-hidden />}
          onClick={() => add({ wait: "2d" })}
        >
          Add: wait
        </Button>
        <Anchor component={Link} to="/journeys/templates" size="sm" ml="auto">
          Templates
        </Anchor>
      </Group>
    </>
  );
}

/** The API counts steps as they were stored; this page shows them as they are travelled. */
function faultOf(faults: FieldError[], definition: JourneyDefinition, step: JourneyStep): string | undefined {
  const stored = definition.steps.findIndex((each) => each.id === step.id);
  return faults.find(({ pointer }) => pointer === `/${stored}` || pointer.startsWith(`/${stored}/`))?.detail;
}

type RowProps = {
  step: JourneyStep;
  label: string;
  templates: TemplateRow[];
  fault: string | undefined;
  change: (step: JourneyStep) => void;
  move: (by: -1 | 1) => void;
  first: boolean;
  last: boolean;
  remove: () => void;
};

function StepRow({ step, label, templates, fault, change, move, first, last, remove }: RowProps) {
  const kind = kindOf(step);
  return (
    <li className={styles.edited} data-fault={fault !== undefined || undefined} aria-label={label}>
      <Text size="sm" fw={600} w={48}>
        {kind === "send" ? "Send" : kind === "wait" ? "Wait" : "Leave"}
      </Text>
      {"send" in step ? (
        <Autocomplete
          aria-label={`${label}: template`}
          className={styles.grow}
          placeholder="the template's short name"
          required
          data={templates.map((template) => template.slug)}
          value={step.send}
          onChange={(send) => change({ ...step, send })}
        />
      ) : null}
      {"wait" in step ? (
        <div className={styles.grow}>
          <DurationInput
            label={`${label}: how long`}
            size="sm"
            value={step.wait}
            change={(wait) => change({ ...step, wait })}
          />
        </div>
      ) : null}
      {"leave" in step ? (
        <TextInput
          aria-label={`${label}: what is recorded as the reason`}
          className={styles.grow}
          required
          value={step.leave}
          onChange={(event) => change({ ...step, leave: event.currentTarget.value })}
        />
      ) : (
        <Group gap={4}>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={`${label}: up`}
            disabled={first}
            onClick={() => move(-1)}
          >
            <IconArrowUp size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={`${label}: down`}
            disabled={last}
            onClick={() => move(1)}
          >
            <IconArrowDown size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon variant="default" size="lg" aria-label={`${label}: remove`} onClick={remove}>
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Group>
      )}
      {fault ? (
        <Text size="sm" c="var(--mantine-color-error)" w="100%">
          {fault}
        </Text>
      ) : null}
    </li>
  );
}

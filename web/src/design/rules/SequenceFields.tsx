import { ActionIcon, Button, Group, Text } from "@mantine/core";
import IconArrowDown from "@tabler/icons-react/dist/esm/icons/IconArrowDown.mjs";
import IconArrowUp from "@tabler/icons-react/dist/esm/icons/IconArrowUp.mjs";
import IconX from "@tabler/icons-react/dist/esm/icons/IconX.mjs";
import { IconPlus } from "../icons";
import { EventName } from "./EventName";
import { Where } from "./PropertyTests";
import type { Part } from "./parts";
import styles from "./rules.module.css";
import { isNode, type Node } from "./tree";
import { WindowFields } from "./WindowFields";

const steps_min = 2;
const steps_max = 10;

/** Events one after another, all in one window. */
export function SequenceFields({ node, change, focus }: Part) {
  const steps = Array.isArray(node.sequence) ? node.sequence.filter(isNode) : [];
  const set = (sequence: Node[]) => change({ ...node, sequence });
  const swap = (from: number, to: number) => {
    const next = [...steps];
    const [taken] = next.splice(from, 1);
    if (taken) next.splice(to, 0, taken);
    set(next);
  };
  return (
    <>
      <Text size="sm">did these in order</Text>
      <WindowFields node={node} change={change} />
      <ol className={styles.steps}>
        {steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the steps have no other identity, and all fields are controlled
          <li key={index} className={styles.step}>
            <div className={styles.stepHead}>
              <Text size="sm" className={styles.number}>
                {index === 0 ? "first" : "then"}
              </Text>
              <EventName
                node={step}
                change={(next) => set(steps.map((old, at) => (at === index ? next : old)))}
                verb=""
                focus={focus && index === 0}
              />
              <Group gap={0} className={styles.turns} wrap="nowrap">
                <Turn label={`Move step ${index + 1} up`} off={index === 0} go={() => swap(index, index - 1)}>
                  <IconArrowUp size={14} aria-hidden />
                </Turn>
                <Turn
                  label={`Move step ${index + 1} down`}
                  off={index === steps.length - 1}
                  go={() => swap(index, index + 1)}
                >
                  <IconArrowDown size={14} aria-hidden />
                </Turn>
                <Turn
                  label={`Remove step ${index + 1}`}
                  off={steps.length <= steps_min}
                  go={() => set(steps.filter((_, at) => at !== index))}
                >
                  <IconX size={14} aria-hidden />
                </Turn>
              </Group>
            </div>
            <Where node={step} change={(next) => set(steps.map((old, at) => (at === index ? next : old)))} />
          </li>
        ))}
      </ol>
      <Button
        size="compact-xs"
        variant="subtle"
        className={styles.whereAdd}
        leftSection={<IconPlus size={12} aria-hidden />}
        disabled={steps.length >= steps_max}
        onClick={() => set([...steps, { did: "" }])}
      >
        {steps.length >= steps_max ? `At most ${steps_max} steps` : "Another step"}
      </Button>
    </>
  );
}

function Turn({
  label,
  off,
  go,
  children,
}: {
  label: string;
  off: boolean;
  go: () => void;
  children: React.ReactNode;
}) {
  return (
    <ActionIcon size="md" variant="subtle" color="gray" aria-label={label} disabled={off} onClick={go}>
      {children}
    </ActionIcon>
  );
}

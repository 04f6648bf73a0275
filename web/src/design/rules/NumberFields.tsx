import { NativeSelect, Text } from "@mantine/core";
import { EventName } from "./EventName";
import { type How, howOf } from "./kinds";
import { OperatorFields } from "./OperatorFields";
import { Where } from "./PropertyTests";
import type { Part } from "./parts";
import styles from "./rules.module.css";
import { eventOf } from "./suggest";
import { isNode, type Node } from "./tree";
import { WindowFields } from "./WindowFields";
import { WordInput } from "./WordInput";
import { NUMBER_OPERATORS } from "./words";

const HOW: { value: How; label: string }[] = [
  { value: "sum", label: "the sum of" },
  { value: "avg", label: "the average of" },
  { value: "min", label: "the smallest" },
  { value: "max", label: "the largest" },
  { value: "distinct", label: "the number of different" },
];

/** Another calculation over the same property. */
export function withHow(node: Node, how: How): Node {
  const before = howOf(node) ?? "sum";
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key === before ? how : key, value]));
}

/** A number over events, compared: the sum of revenue of orders in the last year is at least 500. */
export function NumberFields({ node, change, focus }: Part) {
  const how = howOf(node) ?? "sum";
  const of: Node = isNode(node.of) ? node.of : { did: "" };
  const setOf = (next: Node) => change({ ...node, of: next });
  const event = eventOf(of);
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="Which number"
        value={how}
        data={HOW}
        onChange={(event) => change(withHow(node, event.currentTarget.value as How))}
      />
      <WordInput
        label="Property to count with"
        placeholder="revenue"
        width={140}
        question={event ? { kind: "properties", event } : null}
        value={node[how]}
        change={(property) => change({ ...node, [how]: property })}
        focus={focus}
      />
      <OperatorFields condition={node} change={change} examples={[]} allowed={NUMBER_OPERATORS} />
      <fieldset className={styles.step}>
        <legend className={styles.hidden}>The events counted with</legend>
        <Text size="sm">over</Text>
        <EventName node={of} change={setOf} verb="" />
        <WindowFields node={of} change={setOf} />
        <Where node={of} change={setOf} />
      </fieldset>
    </>
  );
}

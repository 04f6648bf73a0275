import { NativeSelect } from "@mantine/core";
import { EventName } from "./EventName";
import { type End, endOf } from "./kinds";
import { PropertyTests, Where } from "./PropertyTests";
import type { Part } from "./parts";
import styles from "./rules.module.css";
import { isNode, type Node } from "./tree";
import { WindowFields } from "./WindowFields";

/** The same said of the other end. */
export function withEnd(node: Node, end: End): Node {
  const before = endOf(node) ?? "last";
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key === before ? end : key, value]));
}

/** What the last or the first event of a kind had. */
export function EndmostFields({ node, change, focus }: Part) {
  const end = endOf(node) ?? "last";
  const inner = node[end];
  const act: Node = isNode(inner) ? inner : { did: "" };
  const setAct = (next: Node) => change({ ...node, [end]: next });
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="Which of them"
        value={end}
        data={[
          { value: "last", label: "the last of" },
          { value: "first", label: "the first of" },
        ]}
        onChange={(event) => change(withEnd(node, event.currentTarget.value as End))}
      />
      <EventName node={act} change={setAct} verb="" focus={focus} />
      <WindowFields node={act} change={setAct} />
      <Where node={act} change={setAct} />
      <fieldset className={styles.step}>
        <legend className={styles.hidden}>What it has</legend>
        <PropertyTests
          word="has"
          least={1}
          act={act}
          tests={node.has}
          change={(has) => change({ ...node, has })}
        />
      </fieldset>
    </>
  );
}

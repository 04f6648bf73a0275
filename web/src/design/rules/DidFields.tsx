import { Text } from "@mantine/core";
import { DurationInput } from "./DurationInput";
import { EventName } from "./EventName";
import { HowOften } from "./HowOften";
import { Where } from "./PropertyTests";
import type { Part } from "./parts";
import styles from "./rules.module.css";
import { isNode, type Node } from "./tree";
import { WindowFields } from "./WindowFields";
import { textOf } from "./words";

export function DidFields({ node, change, focus }: Part) {
  return (
    <>
      <EventName node={node} change={change} focus={focus} />
      <HowOften node={node} change={change} />
      <WindowFields node={node} change={change} />
      <Where node={node} change={change} />
    </>
  );
}

/** An event that another did not follow. */
export function ThenNotFields({ node, change, focus }: Part) {
  const by: Node = isNode(node.then_not) ? node.then_not : { did: "" };
  const setBy = (then_not: Node) => change({ ...node, then_not });
  return (
    <>
      <EventName node={node} change={change} focus={focus} />
      <WindowFields node={node} change={change} />
      <Where node={node} change={change} />
      <fieldset className={styles.step}>
        <legend className={styles.hidden}>The event that did not follow</legend>
        <Text size="sm">and then for</Text>
        <DurationInput
          label="Not followed for"
          value={textOf(node.for)}
          change={(next) => change({ ...node, for: next })}
        />
        <EventName node={by} change={setBy} verb="did not do" />
        <Where node={by} change={setBy} />
      </fieldset>
    </>
  );
}

import { Badge, SegmentedControl, Text } from "@mantine/core";
import { Fragment, type ReactNode } from "react";
import { AddCondition } from "./AddCondition";
import { ConditionFields } from "./ConditionFields";
import { useRuleEditing } from "./context";
import { Faults } from "./Faults";
import { faultsAt, toPointer } from "./faults";
import { NodeMenu } from "./NodeMenu";
import styles from "./rules.module.css";
import {
  childrenOf,
  type Group,
  groupOf,
  isNode,
  type Node,
  type Path,
  replaceAt,
  switchGroup,
} from "./tree";

interface Place {
  node: Node;
  path: Path;
  /** Its position among its siblings, and how many they are. */
  at: number;
  of: number;
}

/** What stands around a group or a condition: its `not`, its menu, and the pointer faults of the whole begin with. */
interface Frame {
  not: ReactNode;
  menu: ReactNode;
  pointer: string;
}

export function NodeCard({ node, path, at, of }: Place) {
  const negated = isNode(node.not);
  const inner = negated ? (node.not as Node) : node;
  const innerPath = negated ? [...path, "not"] : path;
  const kind = groupOf(inner);
  const frame: Frame = {
    not: negated ? (
      <Badge color="red" variant="light" radius="sm" tt="none" className={styles.not}>
        not
      </Badge>
    ) : null,
    menu: <NodeMenu path={path} at={at} of={of} group={kind !== null} negated={negated} />,
    pointer: toPointer(path),
  };
  if (kind !== null) return <GroupCard node={inner} path={innerPath} kind={kind} frame={frame} />;
  return isNode(inner.not) ? (
    <div className={styles.condition}>
      <div className={styles.head}>
        {frame.not}
        <div className={styles.fields} />
        {frame.menu}
      </div>
      <NodeCard node={inner} path={innerPath} at={0} of={1} />
    </div>
  ) : (
    <ConditionCard node={inner} path={innerPath} frame={frame} />
  );
}

const SAID: Record<Group, { legend: string; note: string; joint: string }> = {
  all: { legend: "All of these hold", note: "every condition holds", joint: "and" },
  any: { legend: "At least one of these holds", note: "at least one holds", joint: "or" },
};

function GroupCard({ node, path, kind, frame }: { node: Node; path: Path; kind: Group; frame: Frame }) {
  const { edit, faults } = useRuleEditing();
  const parts = childrenOf(node);
  const pointers = parts.map((_, index) => toPointer([...path, kind, index]));
  const said = SAID[kind];
  return (
    <fieldset className={styles.group} data-kind={kind} data-root={path.length === 0 || undefined}>
      <legend className={styles.hidden}>{said.legend}</legend>
      <div className={styles.head}>
        {frame.not}
        <SegmentedControl
          size="xs"
          aria-label="How the conditions combine"
          value={kind}
          onChange={(to) => edit((tree) => replaceAt(tree, path, switchGroup(node, to as Group)))}
          data={[
            { value: "all", label: "all of" },
            { value: "any", label: "any of" },
          ]}
        />
        <Text size="sm" c="dimmed" className={styles.note}>
          {said.note}
        </Text>
        {frame.menu}
      </div>
      {parts.map((part, index) => (
        <Fragment key={pointers[index]}>
          {index > 0 ? (
            <Text size="xs" fw={600} c="dimmed" className={styles.joint}>
              {said.joint}
            </Text>
          ) : null}
          <NodeCard node={part} path={[...path, kind, index]} at={index} of={parts.length} />
        </Fragment>
      ))}
      {parts.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing here yet. Say something about the customer: what they did, what is known of them.
        </Text>
      ) : null}
      <Faults faults={faultsAt(faults, frame.pointer, pointers)} />
      <AddCondition path={path} inside={kind} />
    </fieldset>
  );
}

function ConditionCard({ node, path, frame }: { node: Node; path: Path; frame: Frame }) {
  const { edit, faults, fresh } = useRuleEditing();
  // Faults may point at the “not” around it.
  const here = faultsAt(faults, frame.pointer, []);
  const pointer = toPointer(path);
  return (
    <div className={styles.condition} data-fault={here.length > 0 || undefined}>
      <div className={styles.head}>
        {frame.not}
        <div className={styles.fields}>
          <ConditionFields
            node={node}
            change={(next) => edit((tree) => replaceAt(tree, path, next), pointer)}
            focus={fresh === pointer}
          />
        </div>
        {frame.menu}
      </div>
      <Faults faults={here} />
    </div>
  );
}

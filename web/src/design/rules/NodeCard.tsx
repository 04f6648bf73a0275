import { Badge, SegmentedControl, Text } from "@mantine/core";
import { Fragment } from "react";
import { AddCondition } from "./AddCondition";
import { useRuleEditing } from "./context";
import { DidFields } from "./DidFields";
import { Faults } from "./Faults";
import { NodeMenu } from "./NodeMenu";
import { PickFields } from "./PickFields";
import styles from "./rules.module.css";
import { TraitFields } from "./TraitFields";
import {
  childrenOf,
  faultsAt,
  isNode,
  kindOf,
  type Node,
  type Path,
  replaceAt,
  switchGroup,
  toPointer,
} from "./tree";

interface Place {
  node: Node;
  path: Path;
  /** Its position among its siblings, and how many they are. */
  at: number;
  of: number;
}

export function NodeCard({ node, path, at, of }: Place) {
  const negated = kindOf(node) === "not" && isNode(node.not);
  const inner = negated ? (node.not as Node) : node;
  const innerPath = negated ? [...path, "not"] : path;
  const kind = kindOf(inner);
  const menu = <NodeMenu path={path} at={at} of={of} kind={kind} negated={negated} />;
  const not = negated ? (
    <Badge color="red" variant="light" radius="sm" tt="none" className={styles.not}>
      not
    </Badge>
  ) : null;
  if (kind === "all" || kind === "any") {
    return (
      <GroupCard node={inner} path={innerPath} pointer={toPointer(path)} kind={kind}>
        {not}
        {menu}
      </GroupCard>
    );
  }
  return <ConditionCard node={inner} path={innerPath} pointer={toPointer(path)} before={not} after={menu} />;
}

function GroupCard({
  node,
  path,
  pointer,
  kind,
  children,
}: {
  node: Node;
  path: Path;
  pointer: string;
  kind: "all" | "any";
  children: React.ReactNode;
}) {
  const { edit, faults } = useRuleEditing();
  const parts = childrenOf(node);
  const pointers = parts.map((_, index) => toPointer([...path, kind, index]));
  const [not, menu] = Array.isArray(children) ? children : [null, children];
  return (
    <fieldset className={styles.group} data-kind={kind} data-root={path.length === 0 || undefined}>
      <legend className={styles.hidden}>
        {kind === "all" ? "All of these hold" : "At least one of these holds"}
      </legend>
      <div className={styles.head}>
        {not}
        <SegmentedControl
          size="xs"
          aria-label="How the conditions combine"
          value={kind}
          onChange={(to) => edit((tree) => replaceAt(tree, path, switchGroup(node, to as "all" | "any")))}
          data={[
            { value: "all", label: "all of" },
            { value: "any", label: "any of" },
          ]}
        />
        <Text size="sm" c="dimmed" flex={1} style={{ alignSelf: "center" }}>
          {kind === "all" ? "every condition holds" : "at least one holds"}
        </Text>
        {menu}
      </div>
      {parts.map((part, index) => (
        <Fragment key={pointers[index]}>
          {index > 0 ? (
            <Text size="xs" fw={600} c="dimmed" className={styles.joint}>
              {kind === "all" ? "and" : "or"}
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
      <Faults faults={faultsAt(faults, pointer, pointers)} />
      <AddCondition path={path} />
    </fieldset>
  );
}

function ConditionCard({
  node,
  path,
  pointer,
  before,
  after,
}: {
  node: Node;
  path: Path;
  /** Of the whole part, with the “not” around it: faults may point at that. */
  pointer: string;
  before: React.ReactNode;
  after: React.ReactNode;
}) {
  const { edit, faults, fresh } = useRuleEditing();
  const here = faultsAt(faults, pointer, []);
  const change = (next: Node) => edit((tree) => replaceAt(tree, path, next));
  return (
    <div className={styles.condition} data-fault={here.length > 0 || undefined}>
      <div className={styles.head}>
        {before}
        <div className={styles.fields}>
          <Fields node={node} change={change} focus={fresh === toPointer(path)} />
        </div>
        {after}
      </div>
      <Faults faults={here} />
    </div>
  );
}

function Fields({ node, change, focus }: { node: Node; change: (node: Node) => void; focus: boolean }) {
  const kind = kindOf(node);
  switch (kind) {
    case "trait":
      return <TraitFields node={node} change={change} focus={focus} />;
    case "did":
      return <DidFields node={node} change={change} focus={focus} />;
    case "stage":
    case "audience":
      return <PickFields kind={kind} node={node} change={change} focus={focus} />;
    case "everyone":
      return <Text size="sm">every customer</Text>;
    default:
      return (
        <div className={styles.foreign}>
          <Text size="sm">This condition is edited as JSON:</Text>
          <code>{JSON.stringify(node)}</code>
        </div>
      );
  }
}

import { ActionIcon, Button, Text } from "@mantine/core";
import IconX from "@tabler/icons-react/dist/esm/icons/IconX.mjs";
import { OperatorFields } from "./OperatorFields";
import styles from "./rules.module.css";
import { eventOf } from "./suggest";
import { isNode, type Node } from "./tree";
import { WordInput } from "./WordInput";
import { PROPERTY_OPERATORS, textOf } from "./words";

const FRESH: Node = { property: "", is: "" };

/** Conditions on the properties of an event: `where` that may be none, `has` that is at least one. */
export function PropertyTests({
  tests: given,
  change,
  act,
  word,
  least = 0,
}: {
  tests: unknown;
  change: (tests: Node[]) => void;
  /** The event whose properties they are. */
  act: Node;
  word: "where" | "has";
  least?: number;
}) {
  const tests = Array.isArray(given) ? given.filter(isNode) : [];
  const event = eventOf(act);
  const put = (index: number, next: Node) => change(tests.map((old, at) => (at === index ? next : old)));
  return (
    <>
      {tests.map((test, index) => {
        const property = textOf(test.property);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the conditions have no other identity, and all fields are controlled
          <div key={index} className={styles.where}>
            <Text size="sm">{index === 0 ? word : "and"}</Text>
            <WordInput
              label="Property"
              placeholder="category"
              width={140}
              question={event ? { kind: "properties", event } : null}
              value={property}
              change={(next) => put(index, { ...test, property: next })}
            />
            <OperatorFields
              condition={test}
              change={(next) => put(index, next)}
              examples={[]}
              question={event && property ? { kind: "values", event, property } : null}
              allowed={PROPERTY_OPERATORS}
            />
            {tests.length > least ? (
              <ActionIcon
                size="md"
                variant="subtle"
                color="gray"
                aria-label={`Remove the condition on ${property || "the property"}`}
                onClick={() => change(tests.filter((_, at) => at !== index))}
              >
                <IconX size={14} aria-hidden />
              </ActionIcon>
            ) : null}
          </div>
        );
      })}
      <Button
        size="compact-xs"
        variant="subtle"
        className={styles.whereAdd}
        onClick={() => change([...tests, FRESH])}
      >
        {tests.length === 0 ? "where a property …" : "and another property …"}
      </Button>
    </>
  );
}

/** The `where` of an event; without conditions it is not said. */
export function Where({ node, change }: { node: Node; change: (node: Node) => void }) {
  return (
    <PropertyTests
      word="where"
      act={node}
      tests={node.where}
      change={(where) => {
        const { where: _, ...rest } = node;
        change(where.length > 0 ? { ...rest, where } : rest);
      }}
    />
  );
}

import { Button, Menu } from "@mantine/core";
import { IconPlus } from "../icons";
import { useRuleEditing } from "./context";
import { toPointer } from "./faults";
import { freshNode, type Kind } from "./kinds";
import styles from "./rules.module.css";
import type { Group, Path } from "./tree";

type Choice = { kind: Kind; label: string; note: string };

const CHOICES: { title: string; of: Choice[] }[] = [
  {
    title: "What they did",
    of: [
      { kind: "did", label: "Did an event", note: "or never did it, how often, and when" },
      { kind: "then_not", label: "Did one thing, then not another", note: "began a checkout, did not order" },
      { kind: "sequence", label: "Did events in order", note: "viewed, then added, then bought" },
      { kind: "endmost", label: "Last or first event", note: "the last order was of shoes" },
      { kind: "aggregate", label: "A number over events", note: "spent at least 500 in a year" },
    ],
  },
  {
    title: "What is known of them",
    of: [
      { kind: "trait", label: "Has a trait", note: "country, plan, birthday …" },
      {
        kind: "pulse",
        label: "Keeps to their rhythm, or not",
        note: "new, active, slipping, lapsed, returned",
      },
    ],
  },
  {
    title: "Where they belong",
    of: [
      { kind: "stage", label: "Is in a stage", note: "of the active lifecycle" },
      { kind: "audience", label: "Is in an audience", note: "another rule, by name" },
      { kind: "list", label: "Is on a list", note: "customers picked by hand or imported" },
      { kind: "bucket", label: "Is in a random share", note: "the same customers every time" },
      { kind: "everyone", label: "Everyone", note: "holds for every customer" },
    ],
  },
];

/** `inside`: how the group it adds to combines its parts. A group within it combines them the other way. */
export function AddCondition({ path, inside = null }: { path: Path; inside?: Group | null }) {
  const { add } = useRuleEditing();
  return (
    <Menu position="bottom-start" withinPortal returnFocus={false} middlewares={{ shift: true, flip: true }}>
      <Menu.Target>
        <Button
          data-rule-add={toPointer(path)}
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          w="fit-content"
        >
          Add condition
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={styles.choices}>
        {CHOICES.map(({ title, of }) => (
          <div key={title} className={styles.choice}>
            <Menu.Label>{title}</Menu.Label>
            {of.map(({ kind, label, note }) => (
              <Menu.Item key={kind} py={5} onClick={() => add(path, freshNode(kind))}>
                {label}
                <small className={styles.aside}>{note}</small>
              </Menu.Item>
            ))}
          </div>
        ))}
        <Menu.Item py={5} onClick={() => add(path, inside === "any" ? { all: [] } : { any: [] })}>
          A group of conditions
          <small className={styles.aside}>
            {inside === "any" ? "all of which hold" : "at least one of which holds"}
          </small>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

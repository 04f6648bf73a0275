import { Button, Menu } from "@mantine/core";
import { IconPlus } from "../icons";
import { useRuleEditing } from "./context";
import { freshNode, type Kind, type Path } from "./tree";

const CHOICES: { kind: Kind; label: string; note: string }[] = [
  { kind: "did", label: "Did an event", note: "or never did it, how often, and when" },
  { kind: "trait", label: "Has a trait", note: "country, plan, birthday …" },
  { kind: "stage", label: "Is in a stage", note: "of the active lifecycle" },
  { kind: "audience", label: "Is in an audience", note: "another rule, by name" },
  { kind: "everyone", label: "Everyone", note: "holds for every customer" },
];

export function AddCondition({ path, id }: { path: Path; id?: string }) {
  const { add } = useRuleEditing();
  return (
    <Menu position="bottom-start" withinPortal returnFocus={false}>
      <Menu.Target>
        <Button
          id={id}
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          w="fit-content"
        >
          Add condition
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {CHOICES.map(({ kind, label, note }) => (
          <Menu.Item key={kind} onClick={() => add(path, freshNode(kind))}>
            {label}
            <small style={{ display: "block", color: "var(--mantine-color-dimmed)" }}>{note}</small>
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => add(path, { any: [freshNode("did")] })}>A group of conditions</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

import { ActionIcon, Menu, Text } from "@mantine/core";
import IconDotsVertical from "@tabler/icons-react/dist/esm/icons/IconDotsVertical.mjs";
import type { KeyboardEvent } from "react";
import { useRuleEditing } from "./context";
import { toPointer } from "./faults";
import { carryAt, duplicateAt, groupAt, moveAt, negateAt, type Path, ungroupAt } from "./tree";

interface Place {
  path: Path;
  at: number;
  of: number;
  group: boolean;
  negated: boolean;
}

/** Everything that can be done to a part as a whole. On its button, Alt with an arrow moves the part. */
export function NodeMenu({ path, at, of, group, negated }: Place) {
  const { edit, move, remove } = useRuleEditing();
  const root = path.length === 0;
  // A part that is the only one of a `not` has no neighbours.
  const listed = typeof path[path.length - 1] === "number";
  const what = root ? "the whole rule" : `${group ? "group" : "condition"} ${at + 1} of ${of}`;
  const step = (by: -1 | 1) => {
    if (!listed || at + by < 0 || at + by >= of) return;
    move(
      (tree) => moveAt(tree, path, by),
      [...path.slice(0, -1), at + by],
      `Moved to ${at + by + 1} of ${of}`,
    );
  };
  const keys = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    event.stopPropagation();
    step(event.key === "ArrowUp" ? -1 : 1);
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Change ${what}`}
          aria-keyshortcuts={listed ? "Alt+ArrowUp Alt+ArrowDown" : undefined}
          data-rule-menu={toPointer(path)}
          onKeyDownCapture={keys}
        >
          <IconDotsVertical size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => edit((tree) => negateAt(tree, path))}>
          {negated ? "Remove the “not”" : "Turn into “not”"}
        </Menu.Item>
        {listed ? (
          <>
            <Menu.Item disabled={at === 0} rightSection={<Keys of="Alt ↑" />} onClick={() => step(-1)}>
              Move up
            </Menu.Item>
            <Menu.Item disabled={at === of - 1} rightSection={<Keys of="Alt ↓" />} onClick={() => step(1)}>
              Move down
            </Menu.Item>
            <Carry path={path} way="in" />
            <Carry path={path} way="out" />
            <Menu.Item
              onClick={() =>
                move(
                  (tree) => duplicateAt(tree, path),
                  [...path.slice(0, -1), at + 1],
                  `Duplicated; the copy is ${at + 2} of ${of + 1}`,
                )
              }
            >
              Duplicate
            </Menu.Item>
          </>
        ) : null}
        <Menu.Item onClick={() => edit((tree) => groupAt(tree, path, "any"))}>Put into a group</Menu.Item>
        {group && !negated && !root ? (
          <Menu.Item onClick={() => edit((tree) => ungroupAt(tree, path))}>Take the group apart</Menu.Item>
        ) : null}
        <Menu.Divider />
        <Menu.Item color="red" onClick={() => remove(path)}>
          {root ? "Start again" : "Remove"}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Into the group beside it, or out of its own; where there is none, nothing is offered. */
function Carry({ path, way }: { path: Path; way: "in" | "out" }) {
  const { rule, move } = useRuleEditing();
  const carried = carryAt(rule, path, way);
  if (carried === null) return null;
  const words = way === "in" ? "Move into the group beside it" : "Move out of the group";
  return (
    <Menu.Item
      onClick={() =>
        move(
          () => carried.tree,
          carried.path,
          way === "in" ? "Moved into the group" : "Moved out of the group",
        )
      }
    >
      {words}
    </Menu.Item>
  );
}

const Keys = ({ of }: { of: string }) => (
  <Text size="xs" c="dimmed" component="kbd" ff="inherit">
    {of}
  </Text>
);

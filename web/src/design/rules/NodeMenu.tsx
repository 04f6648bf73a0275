import { ActionIcon, Menu } from "@mantine/core";
import IconDotsVertical from "@tabler/icons-react/dist/esm/icons/IconDotsVertical.mjs";
import { useRuleEditing } from "./context";
import { duplicateAt, groupAt, type Kind, moveAt, negateAt, type Path, ungroupAt } from "./tree";

export function NodeMenu({
  path,
  at,
  of,
  kind,
  negated,
}: {
  path: Path;
  at: number;
  of: number;
  kind: Kind;
  negated: boolean;
}) {
  const { edit, remove } = useRuleEditing();
  const root = path.length === 0;
  const group = kind === "all" || kind === "any";
  const what = root ? "the whole rule" : `${group ? "group" : "condition"} ${at + 1} of ${of}`;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Change ${what}`}>
          <IconDotsVertical size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => edit((tree) => negateAt(tree, path))}>
          {negated ? "Remove the “not”" : "Turn into “not”"}
        </Menu.Item>
        {root ? null : (
          <>
            <Menu.Item disabled={at === 0} onClick={() => edit((tree) => moveAt(tree, path, -1))}>
              Move up
            </Menu.Item>
            <Menu.Item disabled={at === of - 1} onClick={() => edit((tree) => moveAt(tree, path, 1))}>
              Move down
            </Menu.Item>
            <Menu.Item onClick={() => edit((tree) => duplicateAt(tree, path))}>Duplicate</Menu.Item>
          </>
        )}
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

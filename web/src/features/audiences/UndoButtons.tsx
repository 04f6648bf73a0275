import { ActionIcon, Group } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import IconArrowBackUp from "@tabler/icons-react/dist/esm/icons/IconArrowBackUp.mjs";
import IconArrowForwardUp from "@tabler/icons-react/dist/esm/icons/IconArrowForwardUp.mjs";
import type { History } from "./useHistory";

/** Undo and redo, also by Ctrl+Z and Ctrl+Shift+Z. Inside a text field those keys stay the field's own. */
export function UndoButtons<Value>({ history }: { history: History<Value> }) {
  useHotkeys([
    ["mod+Z", () => history.undo?.()],
    ["mod+shift+Z", () => history.redo?.()],
  ]);
  return (
    <Group gap={4}>
      <ActionIcon
        variant="default"
        aria-label="Undo"
        title="Undo (Ctrl+Z)"
        disabled={history.undo === null}
        onClick={() => history.undo?.()}
      >
        <IconArrowBackUp size={16} stroke={1.7} aria-hidden />
      </ActionIcon>
      <ActionIcon
        variant="default"
        aria-label="Redo"
        title="Redo (Ctrl+Shift+Z)"
        disabled={history.redo === null}
        onClick={() => history.redo?.()}
      >
        <IconArrowForwardUp size={16} stroke={1.7} aria-hidden />
      </ActionIcon>
    </Group>
  );
}

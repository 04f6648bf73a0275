import { Text } from "@mantine/core";
import { IconBell } from "@/design";
import classes from "./DemoNote.module.css";

/** Says that this is not a real shop, and what was done to its data. */
export function DemoNote({ note }: { note: string }) {
  return (
    <aside className={classes.note} aria-label="About this demo">
      <IconBell size={18} stroke={1.7} aria-hidden />
      <Text size="sm">{note}</Text>
    </aside>
  );
}

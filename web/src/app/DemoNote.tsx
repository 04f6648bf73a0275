import { Anchor, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBell } from "@/design";
import classes from "./DemoNote.module.css";

// About one line beside the navigation; longer notes open on demand.
const ONE_LINE = 130;

/** Says that this is not a real shop, and what was done to its data. */
export function DemoNote({ note }: { note: string }) {
  const [open, whole] = useDisclosure(false);
  return (
    <aside className={classes.note} aria-label="About this demo">
      <IconBell size={18} stroke={1.7} aria-hidden />
      <Text size="sm" lineClamp={open ? undefined : 1}>
        {note}
      </Text>
      {note.length > ONE_LINE ? (
        <Anchor
          component="button"
          type="button"
          size="sm"
          className={classes.more}
          aria-expanded={open}
          onClick={whole.toggle}
        >
          {open ? "Less" : "More"}
        </Anchor>
      ) : null}
    </aside>
  );
}

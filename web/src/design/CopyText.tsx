import { Button, CopyButton, Group, Text } from "@mantine/core";
import classes from "./CopyText.module.css";

/** Text to take elsewhere, with a button that says when it is copied. */
export function CopyText({
  text,
  label = "Copy",
  block = false,
}: {
  text: string;
  label?: string;
  block?: boolean;
}) {
  return (
    <Group className={classes.box} data-block={block || undefined} gap="sm" wrap="nowrap" align="flex-start">
      <Text component="pre" className={classes.text}>
        {text}
      </Text>
      <CopyButton value={text} timeout={2000}>
        {({ copied, copy }) => (
          <Button size="compact-sm" variant={copied ? "filled" : "default"} onClick={copy} aria-live="polite">
            {copied ? "Copied" : label}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}

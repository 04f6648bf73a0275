import { Autocomplete, Button, CloseButton } from "@mantine/core";
import { useState } from "react";

const ZONES = Intl.supportedValuesOf("timeZone");
const offered_max = 40;

/** Whose midnight counts. Unsaid it is the company's, which is nearly always meant: so it takes one small button. */
export function ZoneInput({ zone, change }: { zone: string | null; change: (zone: string | null) => void }) {
  const [open, setOpen] = useState(false);
  if (zone === null && !open) {
    return (
      <Button size="compact-xs" variant="subtle" onClick={() => setOpen(true)}>
        in the company’s time zone
      </Button>
    );
  }
  return (
    <Autocomplete
      size="xs"
      w={190}
      aria-label="Time zone"
      placeholder="the company’s"
      data={ZONES}
      limit={offered_max}
      autoFocus={zone === null}
      value={zone ?? ""}
      onChange={(next) => change(next === "" ? null : next)}
      onBlur={() => setOpen(false)}
      rightSection={
        <CloseButton
          size="xs"
          aria-label="Use the company’s time zone"
          onClick={() => {
            change(null);
            setOpen(false);
          }}
        />
      }
    />
  );
}

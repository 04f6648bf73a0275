import { ActionIcon, Group, TextInput } from "@mantine/core";
import { localZone } from "@/lib/format";
import { IconClock } from "../icons";
import { fromField, isInstant, toField } from "./spans";

/** A whole day, or with the clock pressed an instant in the reader's own time zone. */
export function MomentInput({
  label,
  value,
  change,
}: {
  label: string;
  value: string;
  change: (value: string) => void;
}) {
  const timed = isInstant(value);
  const field = timed ? toField(value) : value;
  return (
    <Group gap={2} wrap="nowrap">
      <TextInput
        size="xs"
        // What no date field can hold is kept as it is written.
        type={timed ? (field === "" ? "text" : "datetime-local") : "date"}
        step={timed ? 1 : undefined}
        aria-label={timed ? `${label}, in ${localZone()}` : label}
        value={field === "" ? value : field}
        onChange={({ currentTarget: { value: next } }) => change(timed ? fromField(next) || next : next)}
      />
      <ActionIcon
        variant={timed ? "light" : "subtle"}
        size="md"
        aria-pressed={timed}
        aria-label={`${label}: with a time of day`}
        title="With a time of day"
        disabled={value === ""}
        onClick={() =>
          change(timed ? toField(value).slice(0, 10) || value.slice(0, 10) : fromField(`${value}T00:00`))
        }
      >
        <IconClock size={15} stroke={1.8} aria-hidden />
      </ActionIcon>
    </Group>
  );
}

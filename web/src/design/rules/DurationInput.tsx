import { NativeSelect, NumberInput } from "@mantine/core";
import { joinDuration, splitDuration, UNITS } from "./spans";

/** A duration as the rule language writes it ("90d"), as an amount and a unit. */
export function DurationInput({
  label,
  value,
  change,
  size = "xs",
  units = UNITS,
}: {
  label: string;
  value: string;
  change: (value: string) => void;
  size?: "xs" | "sm";
  units?: readonly { value: string; label: string }[];
}) {
  const { amount, unit } = splitDuration(value);
  return (
    <span style={{ display: "inline-flex", gap: 4 }}>
      <NumberInput
        size={size}
        w={76}
        min={1}
        allowDecimal={false}
        aria-label={`${label}: amount`}
        value={amount}
        onChange={(next) => change(joinDuration(Number(next) || 1, unit))}
      />
      <NativeSelect
        size={size}
        aria-label={`${label}: unit`}
        value={unit}
        data={[...units]}
        onChange={(event) => change(joinDuration(amount, event.currentTarget.value))}
      />
    </span>
  );
}

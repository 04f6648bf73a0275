import { Text } from "@mantine/core";
import type { Fault } from "./faults";

/** Said aloud when it appears: a rule goes wrong while its author is typing somewhere in it. */
export function Faults({ faults }: { faults: readonly Fault[] }) {
  if (faults.length === 0) return null;
  return (
    <div role="alert">
      {faults.map((fault) => (
        <Text key={`${fault.pointer} ${fault.detail}`} size="sm" c="var(--mantine-color-error)">
          {fault.detail}
        </Text>
      ))}
    </div>
  );
}

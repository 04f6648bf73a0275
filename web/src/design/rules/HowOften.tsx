import { NativeSelect, NumberInput, Text } from "@mantine/core";
import type { Node } from "./tree";
import { type Times, timesOf, withTimes } from "./words";

export function HowOften({ node, change }: { node: Node; change: (node: Node) => void }) {
  const { times, count } = timesOf(node);
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="How often"
        value={times}
        onChange={(event) => change(withTimes(node, event.currentTarget.value as Times, count || 1))}
        data={[
          { value: "at_least", label: "at least" },
          { value: "exactly", label: "exactly" },
          { value: "at_most", label: "at most" },
          { value: "never", label: "never" },
        ]}
      />
      {times === "never" ? null : (
        <>
          <NumberInput
            size="xs"
            w={70}
            min={times === "exactly" ? 0 : 1}
            allowDecimal={false}
            aria-label="Times"
            value={count}
            onChange={(next) => change(withTimes(node, times, Number(next) || 0))}
          />
          <Text size="sm">{count === 1 ? "time" : "times"}</Text>
        </>
      )}
    </>
  );
}

import { NativeSelect, Text } from "@mantine/core";
import { MomentInput } from "./MomentInput";
import { SpanDetails } from "./SpanInput";
import { endsOf, PERIODS, type Window, windowOf, withWindow } from "./spans";
import type { Node } from "./tree";
import { textOf } from "./words";

/** When the events of a part count: ever, in a length of time up to now, in the present period, between two ends. */
export function WindowFields({ node, change }: { node: Node; change: (node: Node) => void }) {
  const window = windowOf(node);
  const [first, last] = endsOf(node);
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="When"
        value={window}
        onChange={(event) => {
          const today = new Date().toISOString().slice(0, 10);
          change(withWindow(node, event.currentTarget.value as Window, today));
        }}
        data={[
          { value: "ever", label: "ever" },
          { value: "within", label: "in the last" },
          ...PERIODS,
          { value: "between", label: "between" },
        ]}
      />
      {window === "between" ? (
        <>
          <MomentInput
            label="From"
            value={first}
            change={(next) => change({ ...node, between: [next, last] })}
          />
          <Text size="sm">and</Text>
          <MomentInput
            label="To"
            value={last}
            change={(next) => change({ ...node, between: [first, next] })}
          />
        </>
      ) : null}
      {window === "ever" || window === "between" ? null : (
        <SpanDetails
          label="In the last"
          value={textOf(node.within)}
          change={(within) => change({ ...node, within })}
        />
      )}
    </>
  );
}

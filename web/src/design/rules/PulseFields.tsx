import { Button, CloseButton, NativeSelect, NumberInput, Text } from "@mantine/core";
import type { Part } from "./parts";
import styles from "./rules.module.css";
import { textOf } from "./words";
import { ZoneInput } from "./ZoneInput";

const PULSES = [
  { value: "new", label: "new", note: "fewer than three active days so far, and still about" },
  { value: "active", label: "active", note: "keeps to their usual gap" },
  { value: "slipping", label: "slipping", note: "quiet for more than two of their usual gaps" },
  { value: "lapsed", label: "lapsed", note: "quiet for more than four of their usual gaps" },
  { value: "returned", label: "returned", note: "back, after more than four of their usual gaps" },
] as const;
const first_offered = 14;

/** How somebody keeps to their own rhythm; unsaid, the company's usual gap stands for those who have shown none. */
export function PulseFields({ node, change, focus }: Part) {
  const pulse = textOf(node.pulse);
  return (
    <>
      <Text size="sm">has the pulse</Text>
      <NativeSelect
        size="xs"
        aria-label="Pulse"
        data={[...(pulse === "" ? [{ value: "", label: "choose …" }] : []), ...PULSES]}
        value={pulse}
        onChange={(event) => change({ ...node, pulse: event.currentTarget.value })}
        autoFocus={focus}
      />
      <UsualGap node={node} change={change} />
      <Text size="xs" c="dimmed" w="100%">
        {PULSES.find(({ value }) => value === pulse)?.note ?? "as their own acts tell"}
      </Text>
    </>
  );
}

function UsualGap({ node, change }: Omit<Part, "focus">) {
  const { usual_gap, ...rest } = node;
  if (usual_gap === undefined) {
    return (
      <Button
        size="compact-xs"
        variant="subtle"
        className={styles.whereAdd}
        onClick={() => change({ ...rest, usual_gap: first_offered })}
      >
        by the company’s usual gap
      </Button>
    );
  }
  const [days = "", zone = null] = textOf(usual_gap).split("d@");
  const put = (count: number, where: string | null) =>
    change({ ...rest, usual_gap: where === null ? count : `${count}d@${where}` });
  return (
    <div className={styles.where}>
      <Text size="sm">by a usual gap of</Text>
      <NumberInput
        size="xs"
        w={100}
        min={1}
        max={180}
        allowDecimal={false}
        suffix={Number(days) === 1 ? " day" : " days"}
        aria-label="Usual gap in days"
        value={Number(days)}
        onChange={(next) => put(Number(next) || 1, zone)}
      />
      <ZoneInput zone={zone} change={(where) => put(Number(days), where)} />
      <CloseButton size="sm" aria-label="Use the company’s usual gap" onClick={() => change(rest)} />
    </div>
  );
}

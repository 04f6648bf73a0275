import { NumberInput, Text } from "@mantine/core";
import { useRuleEditing } from "./context";
import type { Part } from "./parts";
import { WordInput } from "./WordInput";

const SAID = {
  stage: { words: "is in the stage", label: "Stage", example: "loyalty" },
  audience: { words: "is in the audience", label: "Audience", example: "vip" },
  list: { words: "is on the list", label: "List", example: "fair-2026" },
} as const;

/** A stage, an audience or a list, by its short name. */
export function PickFields({ kind, node, change, focus }: Part & { kind: keyof typeof SAID }) {
  const { vocabulary } = useRuleEditing();
  const names = { stage: vocabulary.stages, audience: vocabulary.audiences, list: vocabulary.lists }[kind];
  const { words, label, example } = SAID[kind];
  return (
    <>
      <Text size="sm">{words}</Text>
      <WordInput
        label={label}
        placeholder={example}
        width={220}
        known={names.map((word) => ({ word }))}
        value={node[kind]}
        change={(value) => change({ ...node, [kind]: value })}
        focus={focus}
      />
    </>
  );
}

/** A share as a percentage, without the dust that dividing leaves. */
const toPercent = (share: unknown): number => Math.round(Number(share) * 1e10) / 1e8;
const toShare = (percent: number): number => Math.min(1, Math.max(0, Math.round(percent * 1e8) / 1e10));

/** A share of all customers, drawn once and for all by the bucket's name. */
export function BucketFields({ node, change, focus }: Part) {
  return (
    <>
      <Text size="sm">is among a random</Text>
      <NumberInput
        size="xs"
        w={90}
        min={0}
        max={100}
        suffix="%"
        aria-label="Share in percent"
        value={toPercent(node.share)}
        onChange={(next) => change({ ...node, share: toShare(Number(next) || 0) })}
      />
      <Text size="sm">drawn as</Text>
      <WordInput
        label="Name of the draw"
        placeholder="summer"
        value={node.bucket}
        change={(bucket) => change({ ...node, bucket })}
        focus={focus}
      />
      <Text size="xs" c="dimmed" w="100%">
        The same name always draws the same customers; with a larger share the former ones stay in.
      </Text>
    </>
  );
}

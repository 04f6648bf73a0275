import { NativeSelect, NumberInput, Text } from "@mantine/core";
import type { Question } from "@/lib/suggestions";
import { MomentInput } from "./MomentInput";
import { SpanInput } from "./SpanInput";
import { parseDays, writeDays } from "./spans";
import type { Node } from "./tree";
import { WordInput, WordsInput } from "./WordInput";
import { OPERATORS, operatorOf, textOf, withOperator } from "./words";
import { ZoneInput } from "./ZoneInput";

interface Props {
  condition: Node;
  change: (condition: Node) => void;
  /** Values known without asking, and what to ask for more. */
  examples: string[];
  question?: Question | null;
}

/** The operator of a condition on a trait, a property or a number over events, and the field for its value. */
export function OperatorFields({ allowed = OPERATORS, ...rest }: Props & { allowed?: typeof OPERATORS }) {
  const { condition, change } = rest;
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="Comparison"
        value={operatorOf(condition).key}
        data={allowed.map(({ key, words }) => ({ value: key, label: words }))}
        onChange={(event) => change(withOperator(condition, event.currentTarget.value))}
      />
      <Value {...rest} />
    </>
  );
}

function Value({ condition, change, examples, question = null }: Props) {
  const { key, takes } = operatorOf(condition);
  const value = condition[key];
  const set = (next: unknown) => change({ ...condition, [key]: next });
  const known = examples.map((word) => ({ word }));
  switch (takes) {
    case "nothing":
      return null;
    case "text":
      return (
        <WordInput
          label="Value"
          placeholder={examples[0] ?? "value"}
          question={question}
          known={known}
          value={value}
          change={set}
        />
      );
    case "texts":
      return <WordsInput label="Values" question={question} known={known} value={value} change={set} />;
    case "number":
      return (
        <NumberInput
          size="xs"
          w={110}
          aria-label="Number"
          value={typeof value === "number" ? value : Number(value) || 0}
          onChange={(next) => set(Number(next) || 0)}
        />
      );
    case "instant":
      return <MomentInput label="Date" value={textOf(value)} change={set} />;
    case "span":
      return <SpanInput label="How long" value={textOf(value)} change={set} />;
    case "days": {
      const { days, zone } = parseDays(value);
      return (
        <>
          <Text size="sm">today or in the next</Text>
          <NumberInput
            size="xs"
            w={76}
            min={0}
            max={365}
            allowDecimal={false}
            aria-label="Days ahead"
            value={days}
            onChange={(next) => set(writeDays(Number(next) || 0, zone))}
          />
          <Text size="sm">{days === 1 ? "day" : "days"}</Text>
          <ZoneInput zone={zone} change={(next) => set(writeDays(days, next))} />
        </>
      );
    }
  }
}

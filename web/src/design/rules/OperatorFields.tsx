import { Autocomplete, NativeSelect, NumberInput, TagsInput, TextInput } from "@mantine/core";
import { DurationInput } from "./DurationInput";
import type { Node } from "./tree";
import { OPERATORS, operatorOf, textOf, withOperator } from "./words";

/** The operator of a condition on a trait or property, and the field for its value. */
export function OperatorFields({
  condition,
  change,
  examples,
  allowed = OPERATORS,
}: {
  condition: Node;
  change: (condition: Node) => void;
  examples: string[];
  allowed?: typeof OPERATORS;
}) {
  const operator = operatorOf(condition);
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="Comparison"
        value={operator.key}
        data={allowed.map(({ key, words }) => ({ value: key, label: words }))}
        onChange={(event) => change(withOperator(condition, event.currentTarget.value))}
      />
      <Value condition={condition} change={change} examples={examples} />
    </>
  );
}

function Value({
  condition,
  change,
  examples,
}: {
  condition: Node;
  change: (condition: Node) => void;
  examples: string[];
}) {
  const { key, takes } = operatorOf(condition);
  const value = condition[key];
  const set = (next: unknown) => change({ ...condition, [key]: next });
  switch (takes) {
    case "nothing":
      return null;
    case "text":
      return (
        <Autocomplete
          size="xs"
          aria-label="Value"
          placeholder={examples[0] ?? "value"}
          data={[...new Set(examples)]}
          value={textOf(value)}
          onChange={set}
        />
      );
    case "texts":
      return (
        <TagsInput
          size="xs"
          miw={160}
          aria-label="Values"
          placeholder="type, then Enter"
          data={[...new Set(examples)]}
          value={Array.isArray(value) ? value.map(textOf) : []}
          onChange={set}
        />
      );
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
    case "instant": {
      const text = textOf(value);
      return (
        <TextInput
          size="xs"
          // An instant that names its hour is kept as it is written; a date picker would cut it off.
          type={text.length > 10 ? "text" : "date"}
          aria-label="Date"
          value={text}
          onChange={(event) => set(event.currentTarget.value)}
        />
      );
    }
    case "duration":
      return <DurationInput label="How long" value={textOf(value)} change={set} />;
  }
}

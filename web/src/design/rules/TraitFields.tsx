import { Autocomplete, Text } from "@mantine/core";
import { useRuleEditing } from "./context";
import { OperatorFields } from "./OperatorFields";
import type { Node } from "./tree";
import { textOf } from "./words";

export function TraitFields({
  node,
  change,
  focus,
}: {
  node: Node;
  change: (node: Node) => void;
  focus: boolean;
}) {
  const { vocabulary } = useRuleEditing();
  const key = textOf(node.trait);
  const examples = vocabulary.traits.find((trait) => trait.key === key)?.examples.map(textOf) ?? [];
  return (
    <>
      <Text size="sm">the trait</Text>
      <Autocomplete
        size="xs"
        aria-label="Trait"
        placeholder="country"
        data={[...new Set(vocabulary.traits.map((trait) => trait.key))]}
        value={key}
        onChange={(trait) => change({ ...node, trait })}
        openOnFocus={!focus}
        autoFocus={focus}
      />
      <OperatorFields condition={node} change={change} examples={examples} />
    </>
  );
}

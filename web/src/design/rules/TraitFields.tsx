import { Button, CloseButton, Text } from "@mantine/core";
import { useRuleEditing } from "./context";
import { DurationInput } from "./DurationInput";
import { OperatorFields } from "./OperatorFields";
import type { Part } from "./parts";
import styles from "./rules.module.css";
import { WordInput } from "./WordInput";
import { mayBeHeld, textOf } from "./words";

export function TraitFields({ node, change, focus }: Part) {
  const { vocabulary } = useRuleEditing();
  const trait = textOf(node.trait);
  const known = vocabulary.traits.map(({ key, examples }) => ({
    word: key,
    note: examples.slice(0, 3).map(textOf).join(", ") || undefined,
  }));
  const examples = vocabulary.traits.find(({ key }) => key === trait)?.examples.map(textOf) ?? [];
  return (
    <>
      <Text size="sm">the trait</Text>
      <WordInput
        label="Trait"
        placeholder="country"
        known={known}
        value={trait}
        change={(next) => change({ ...node, trait: next })}
        focus={focus}
      />
      <OperatorFields
        condition={node}
        change={change}
        examples={examples}
        question={trait ? { kind: "values", trait } : null}
      />
      {mayBeHeld(node) ? <HeldFor node={node} change={change} /> : null}
    </>
  );
}

/** How long the value must have been so, without a break. */
function HeldFor({ node, change }: Omit<Part, "focus">) {
  const { held_for, ...rest } = node;
  if (held_for === undefined) {
    return (
      <Button
        size="compact-xs"
        variant="subtle"
        className={styles.whereAdd}
        onClick={() => change({ ...rest, held_for: "30d" })}
      >
        and has been for …
      </Button>
    );
  }
  return (
    <div className={styles.where}>
      <Text size="sm">and has been, without a break, for</Text>
      <DurationInput
        label="Held for"
        value={textOf(held_for)}
        change={(next) => change({ ...rest, held_for: next })}
      />
      <CloseButton size="sm" aria-label="It need not have been so for a while" onClick={() => change(rest)} />
    </div>
  );
}

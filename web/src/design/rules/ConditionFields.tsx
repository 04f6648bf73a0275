import { Text } from "@mantine/core";
import { DidFields, ThenNotFields } from "./DidFields";
import { EndmostFields } from "./EndmostFields";
import { kindOf } from "./kinds";
import { NumberFields } from "./NumberFields";
import { BucketFields, PickFields } from "./PickFields";
import { PulseFields } from "./PulseFields";
import type { Part } from "./parts";
import styles from "./rules.module.css";
import { SequenceFields } from "./SequenceFields";
import { TraitFields } from "./TraitFields";

/** One condition as the sentence a person would say, with a field for each word that can be another. */
export function ConditionFields(part: Part) {
  const kind = kindOf(part.node);
  switch (kind) {
    case "trait":
      return <TraitFields {...part} />;
    case "did":
      return <DidFields {...part} />;
    case "then_not":
      return <ThenNotFields {...part} />;
    case "aggregate":
      return <NumberFields {...part} />;
    case "endmost":
      return <EndmostFields {...part} />;
    case "sequence":
      return <SequenceFields {...part} />;
    case "stage":
    case "audience":
    case "list":
      return <PickFields kind={kind} {...part} />;
    case "bucket":
      return <BucketFields {...part} />;
    case "pulse":
      return <PulseFields {...part} />;
    case "everyone":
      return <Text size="sm">every customer</Text>;
    default:
      return (
        <div className={styles.foreign}>
          <Text size="sm">This condition is edited as text or JSON:</Text>
          <code>{JSON.stringify(part.node)}</code>
        </div>
      );
  }
}

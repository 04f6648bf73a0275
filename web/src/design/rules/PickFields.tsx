import { Autocomplete, Text } from "@mantine/core";
import { useRuleEditing } from "./context";
import type { Node } from "./tree";
import { textOf } from "./words";

/** A stage or an audience, by its name. */
export function PickFields({
  kind,
  node,
  change,
  focus,
}: {
  kind: "stage" | "audience";
  node: Node;
  change: (node: Node) => void;
  focus: boolean;
}) {
  const { vocabulary } = useRuleEditing();
  return (
    <>
      <Text size="sm">{kind === "stage" ? "is in the stage" : "is in the audience"}</Text>
      <Autocomplete
        size="xs"
        aria-label={kind === "stage" ? "Stage" : "Audience"}
        placeholder={kind === "stage" ? "loyalty" : "vip"}
        data={kind === "stage" ? vocabulary.stages : vocabulary.audiences}
        value={textOf(node[kind])}
        onChange={(value) => change({ ...node, [kind]: value })}
        openOnFocus={!focus}
        autoFocus={focus}
      />
    </>
  );
}

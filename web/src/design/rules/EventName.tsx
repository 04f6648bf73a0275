import { NativeSelect } from "@mantine/core";
import { plural } from "@/lib/format";
import { useRuleEditing } from "./context";
import { isNode, type Node } from "./tree";
import { WordInput, WordsInput } from "./WordInput";
import { type Naming, namingOf, withNaming } from "./words";

/** Which events a part speaks of: one by name, several, those whose name begins alike, or any. */
export function EventName({
  node,
  change,
  focus = false,
  verb = "did",
}: {
  node: Node;
  change: (node: Node) => void;
  focus?: boolean;
  /** How the part begins: "did the event", "did not do the event", or just "the event". */
  verb?: "did" | "did not do" | "";
}) {
  const { vocabulary } = useRuleEditing();
  const known = vocabulary.events.map(({ name, count }) => ({ word: name, note: plural(count, "time") }));
  const naming = namingOf(node.did);
  const set = (did: unknown) => change({ ...node, did });
  const say = (what: string) => `${verb} ${what}`.trim();
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="Which events"
        value={naming}
        onChange={(event) => set(withNaming(node.did, event.currentTarget.value as Naming))}
        data={[
          { value: "one", label: say("the event") },
          { value: "several", label: say("one of the events") },
          { value: "prefix", label: say("an event starting with") },
          { value: "any", label: say("any event") },
        ]}
      />
      {naming === "several" ? (
        <WordsInput label="Events" known={known} value={node.did} change={set} />
      ) : null}
      {naming === "one" || naming === "prefix" ? (
        <WordInput
          label={naming === "one" ? "Event" : "Beginning of the event's name"}
          placeholder="Order Completed"
          width={190}
          known={known}
          value={isNode(node.did) ? node.did.prefix : node.did}
          change={(name) => set(naming === "one" ? name : { prefix: name })}
          focus={focus}
        />
      ) : null}
    </>
  );
}

import {
  ActionIcon,
  Autocomplete,
  Button,
  NativeSelect,
  NumberInput,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";
import IconX from "@tabler/icons-react/dist/esm/icons/IconX.mjs";
import { useRuleEditing } from "./context";
import { DurationInput } from "./DurationInput";
import { OperatorFields } from "./OperatorFields";
import styles from "./rules.module.css";
import { isNode, type Node } from "./tree";
import {
  namingOf,
  PROPERTY_OPERATORS,
  type Span,
  spanOf,
  type Times,
  textOf,
  timesOf,
  withNaming,
  withSpan,
  withTimes,
} from "./words";

type Part = { node: Node; change: (node: Node) => void };

export function DidFields({ node, change, focus }: Part & { focus: boolean }) {
  return (
    <>
      <EventName node={node} change={change} focus={focus} />
      <HowOften node={node} change={change} />
      <When node={node} change={change} />
      <Where node={node} change={change} />
    </>
  );
}

function EventName({ node, change, focus }: Part & { focus: boolean }) {
  const { vocabulary } = useRuleEditing();
  const names = [...new Set(vocabulary.events.map((event) => event.name))];
  const naming = namingOf(node.did);
  const set = (did: unknown) => change({ ...node, did });
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="Which events"
        value={naming}
        onChange={(event) => set(withNaming(node.did, event.currentTarget.value as typeof naming))}
        data={[
          { value: "one", label: "did the event" },
          { value: "several", label: "did one of the events" },
          { value: "prefix", label: "did an event starting with" },
          { value: "any", label: "did any event" },
        ]}
      />
      {naming === "several" ? (
        <TagsInput
          size="xs"
          miw={200}
          aria-label="Events"
          placeholder="type, then Enter"
          data={names}
          value={(node.did as unknown[]).map(textOf)}
          onChange={set}
        />
      ) : null}
      {naming === "one" || naming === "prefix" ? (
        <Autocomplete
          size="xs"
          miw={180}
          aria-label={naming === "one" ? "Event" : "Beginning of the event's name"}
          placeholder="Order Completed"
          data={names}
          value={textOf(isNode(node.did) ? node.did.prefix : node.did)}
          onChange={(name) => set(naming === "one" ? name : { prefix: name })}
          openOnFocus={!focus}
          autoFocus={focus}
        />
      ) : null}
    </>
  );
}

function HowOften({ node, change }: Part) {
  const { times, count } = timesOf(node);
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="How often"
        value={times}
        onChange={(event) => change(withTimes(node, event.currentTarget.value as Times, count || 1))}
        data={[
          { value: "at_least", label: "at least" },
          { value: "exactly", label: "exactly" },
          { value: "at_most", label: "at most" },
          { value: "never", label: "never" },
        ]}
      />
      {times === "never" ? null : (
        <>
          <NumberInput
            size="xs"
            w={70}
            min={times === "exactly" ? 0 : 1}
            allowDecimal={false}
            aria-label="Times"
            value={count}
            onChange={(next) => change(withTimes(node, times, Number(next) || 0))}
          />
          <Text size="sm">{count === 1 ? "time" : "times"}</Text>
        </>
      )}
    </>
  );
}

function When({ node, change }: Part) {
  const span = spanOf(node);
  const between = Array.isArray(node.between) ? node.between.map(textOf) : ["", ""];
  const end = (at: 0 | 1, value: string) =>
    change({ ...node, between: between.map((old, index) => (index === at ? value : old)) });
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="When"
        value={span}
        onChange={(event) => {
          const today = new Date().toISOString().slice(0, 10);
          change(withSpan(node, event.currentTarget.value as Span, today));
        }}
        data={[
          { value: "ever", label: "ever" },
          { value: "within", label: "in the last" },
          { value: "between", label: "between" },
        ]}
      />
      {span === "within" ? (
        <DurationInput
          label="In the last"
          value={textOf(node.within)}
          change={(within) => change({ ...node, within })}
        />
      ) : null}
      {span === "between"
        ? ([0, 1] as const).map((at) => (
            <TextInput
              key={at}
              size="xs"
              type={(between[at] ?? "").length > 10 ? "text" : "date"}
              aria-label={at === 0 ? "From" : "To"}
              value={between[at] ?? ""}
              onChange={(event) => end(at, event.currentTarget.value)}
            />
          ))
        : null}
    </>
  );
}

function Where({ node, change }: Part) {
  const conditions = Array.isArray(node.where) ? node.where.filter(isNode) : [];
  const set = (where: Node[]) => {
    const { where: _, ...rest } = node;
    change(where.length > 0 ? { ...rest, where } : rest);
  };
  return (
    <>
      {conditions.map((condition, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the conditions have no other identity, and all fields are controlled
        <div key={index} className={styles.where}>
          <Text size="sm">{index === 0 ? "where" : "and"}</Text>
          <TextInput
            size="xs"
            w={130}
            aria-label="Property"
            placeholder="category"
            value={textOf(condition.property)}
            onChange={(event) => {
              const property = event.currentTarget.value;
              set(conditions.map((old, at) => (at === index ? { ...old, property } : old)));
            }}
          />
          <OperatorFields
            condition={condition}
            change={(next) => set(conditions.map((old, at) => (at === index ? next : old)))}
            examples={[]}
            allowed={PROPERTY_OPERATORS}
          />
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={`Remove the condition on ${textOf(condition.property) || "the property"}`}
            onClick={() => set(conditions.filter((_, at) => at !== index))}
          >
            <IconX size={14} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <Button
        size="compact-xs"
        variant="subtle"
        className={styles.whereAdd}
        onClick={() => set([...conditions, { property: "", is: "" }])}
      >
        {conditions.length === 0 ? "where a property …" : "and another property …"}
      </Button>
    </>
  );
}

import { Anchor, Text } from "@mantine/core";
import IconDoorExit from "@tabler/icons-react/dist/esm/icons/IconDoorExit.mjs";
import IconLogin2 from "@tabler/icons-react/dist/esm/icons/IconLogin2.mjs";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Journey, JourneyDefinition, JourneyStep } from "@/api";
import { IconClock, IconMail } from "@/design";
import { durationInWords } from "@/design/rules";
import { count } from "@/lib/format";
import { enterInWords, inOrder, kindOf } from "./definition";
import styles from "./journeys.module.css";

type Counts = Journey["steps"];

/** The steps from entering to leaving, top to bottom, with how many customers are at each and went through it. */
export function Flow({
  definition,
  counts,
  entered,
}: {
  definition: JourneyDefinition;
  counts: Counts;
  entered: number;
}) {
  const steps = inOrder(definition);
  if (steps === null) {
    return (
      <>
        <Text size="sm" mb="xs">
          The steps of this journey are not one line. They are, as written:
        </Text>
        <pre className={styles.raw}>{JSON.stringify(definition.steps, null, 2)}</pre>
      </>
    );
  }
  return (
    <ol className={styles.flow}>
      <li>
        <Step
          kind="enter"
          icon={<IconLogin2 size={18} stroke={1.7} aria-hidden />}
          title="Enters when a customer"
        >
          {enterInWords(definition.enter)}
          {counts.length > 0 ? <Numbers parts={[`${count(entered)} entered`]} /> : null}
        </Step>
      </li>
      {steps.map((step) => (
        <li key={step.id}>
          <OneStep step={step} counts={counts.find((each) => each.id === step.id)} />
        </li>
      ))}
    </ol>
  );
}

function OneStep({ step, counts }: { step: JourneyStep; counts: Counts[number] | undefined }) {
  const kind = kindOf(step);
  const numbers = counts ? (
    <Numbers
      parts={[
        kind === "leave" ? null : `${count(counts.inside)} here now`,
        `${count(counts.passed)} ${kind === "leave" ? "left here" : "so far"}`,
      ]}
      busy={counts.inside > 0}
    />
  ) : null;
  if ("send" in step) {
    return (
      <Step kind={kind} icon={<IconMail size={18} stroke={1.7} aria-hidden />} title="Send">
        <Anchor component={Link} to={`/journeys/templates/${step.send}`} size="sm">
          {step.send}
        </Anchor>
        {numbers}
      </Step>
    );
  }
  if ("wait" in step) {
    return (
      <Step kind={kind} icon={<IconClock size={18} stroke={1.7} aria-hidden />} title="Wait">
        {durationInWords(step.wait)}
        {numbers}
      </Step>
    );
  }
  return (
    <Step kind={kind} icon={<IconDoorExit size={18} stroke={1.7} aria-hidden />} title="Leave">
      {step.leave}
      {numbers}
    </Step>
  );
}

function Step({
  kind,
  icon,
  title,
  children,
}: {
  kind: string;
  icon: ReactNode;
  title: string;
  children: ReactNode;
}) {
  return (
    <div className={styles.step} data-kind={kind}>
      <span className={styles.icon}>{icon}</span>
      <div className={styles.words}>
        <Text fw={600} size="sm">
          {title}
        </Text>
        <Text size="sm" component="div" className={styles.what}>
          {children}
        </Text>
      </div>
    </div>
  );
}

function Numbers({ parts, busy = false }: { parts: (string | null)[]; busy?: boolean }) {
  return (
    <span className={styles.numbers} data-busy={busy || undefined}>
      {parts.filter((part) => part !== null).join(" · ")}
    </span>
  );
}

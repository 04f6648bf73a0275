import { Stack, Text } from "@mantine/core";
import { type Customer, path, type StageWhy, useResource } from "@/api";
import {
  Conditions,
  IconDown,
  Instant,
  Loaded,
  ProblemNotice,
  RuleText,
  StageBadge,
  Waiting,
} from "@/design";
import { dwell } from "@/lib/format";
import styles from "./customers.module.css";
import { Panel } from "./Panel";

/** Every stage with the conditions of its rule, as the API judged them, and the moves that led here. */
export function WhyThisStage({ customer }: { customer: Customer }) {
  const why = useResource(path("/api/customers/{customer_id}/stage", customer.id));
  return (
    <Panel title="Why this stage">
      <Loaded
        query={why}
        waiting={<Waiting lines={5} />}
        failed={(problem, retry) =>
          problem.code === "no_active_lifecycle" ? (
            <NoLifecycle />
          ) : (
            <ProblemNotice problem={problem} retry={retry} />
          )
        }
      >
        {(found) => <Why why={found} />}
      </Loaded>
    </Panel>
  );
}

function NoLifecycle() {
  return (
    <Text size="sm" c="dimmed">
      No lifecycle is active, so nobody has a stage. Choose one on the Lifecycle page.
    </Text>
  );
}

function Why({ why }: { why: StageWhy }) {
  if (why.stages.length === 0) return <NoLifecycle />;
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">
        A customer is in the last stage whose rule holds.
        {why.stage === null ? " For this one none does." : ""}
      </Text>
      {[...why.stages].reverse().map((stage) => (
        <details key={stage.slug} className={styles.stage} open={stage.slug === why.stage}>
          <summary>
            <StageBadge stage={stage} />
            <Text size="sm" flex={1}>
              {stage.slug === why.stage
                ? "here now"
                : stage.holds
                  ? "holds, but a later one does too"
                  : "does not hold"}
            </Text>
            <IconDown size={16} stroke={1.7} className={styles.turn} aria-hidden />
          </summary>
          <Conditions conditions={stage.conditions} />
          {stage.changes_at ? (
            <Text size="xs" c="dimmed" mb="xs">
              Can change by time alone on <Instant at={stage.changes_at} />
            </Text>
          ) : null}
        </details>
      ))}
      <Moves moves={why.moves} stages={why.stages} />
    </>
  );
}

function Moves({ moves, stages }: { moves: StageWhy["moves"]; stages: StageWhy["stages"] }) {
  const named = (slug: string | null) =>
    stages.find((stage) => stage.slug === slug) ?? (slug && slug !== "unknown" ? { slug, name: slug } : null);
  return (
    <details className={styles.stage}>
      <summary>
        <Text size="sm" fw={600} flex={1}>
          Moves so far ({moves.length})
        </Text>
        <IconDown size={16} stroke={1.7} className={styles.turn} aria-hidden />
      </summary>
      {moves.length === 0 ? (
        <Text size="sm" c="dimmed">
          Never moved.
        </Text>
      ) : null}
      <ol className={styles.moves}>
        {moves.map((move) => (
          <li key={`${move.at} ${move.to}`}>
            <Stack gap={2}>
              <Text size="sm" component="div">
                <StageBadge stage={named(move.from)} /> → <StageBadge stage={named(move.to)} />
              </Text>
              <Text size="xs" c="dimmed">
                <Instant at={move.at} />
                {move.dwell_s === null ? "" : `, after ${dwell(move.dwell_s)}`}
              </Text>
              {move.because.map((reason) => (
                <RuleText key={reason} rule={reason} />
              ))}
            </Stack>
          </li>
        ))}
      </ol>
    </details>
  );
}

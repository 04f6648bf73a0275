import { Badge, Text } from "@mantine/core";
import type { Customer } from "@/api";
import { Ago, Instant } from "@/design";
import { dwell } from "@/lib/format";
import { Panel } from "./Panel";

type Word = NonNullable<Customer["pulse"]>;

const SAID: Record<Word, { color: string; words: string }> = {
  new: { color: "blue", words: "They have done something on one or two days so far." },
  active: { color: "green", words: "They keep to their usual gap." },
  slipping: { color: "orange", words: "They have been quiet for more than two of their usual gaps." },
  lapsed: { color: "red", words: "They have been quiet for more than four of their usual gaps." },
  returned: { color: "teal", words: "They came back after more than four of their usual gaps." },
};

export function PulseBadge({ pulse }: { pulse: Word }) {
  return (
    <Badge color={SAID[pulse].color} variant="light" tt="none">
      {pulse}
    </Badge>
  );
}

/** How they keep to their own rhythm, and what that follows from. */
export function Pulse({ customer: { pulse, rhythm } }: { customer: Customer }) {
  return (
    <Panel title="Pulse" action={pulse ? <PulseBadge pulse={pulse} /> : null}>
      {pulse && rhythm ? (
        <>
          <Text size="sm" mb="xs">
            {SAID[pulse].words}
          </Text>
          <dl>
            <dt>Latest act</dt>
            <dd>
              <span>
                <Ago at={rhythm.latest_act_at} />
              </span>
            </dd>
            <dt>Usual gap</dt>
            <dd>{dwell(rhythm.usual_gap_s)}</dd>
            <dt>Active days</dt>
            <dd>{rhythm.active_days}</dd>
            {rhythm.changes_at ? (
              <>
                <dt>If they stay quiet</dt>
                <dd>
                  <span>
                    changes on <Instant at={rhythm.changes_at} />
                  </span>
                </dd>
              </>
            ) : null}
          </dl>
        </>
      ) : (
        <Text size="sm" c="dimmed">
          They have not done anything themselves yet.
        </Text>
      )}
    </Panel>
  );
}

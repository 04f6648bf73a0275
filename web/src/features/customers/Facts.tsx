import { Text } from "@mantine/core";
import type { Customer } from "@/api";
import { Instant } from "@/design";
import { identifierKind } from "./names";
import { Panel } from "./Panel";

export function Identifiers({ customer }: { customer: Customer }) {
  return (
    <Panel title="Identifiers">
      <dl>
        {customer.identifiers.map(({ kind, value, first_seen_at }) => (
          <Pair key={`${kind} ${value}`} kind={kind} value={value} since={first_seen_at} />
        ))}
      </dl>
      {customer.identifiers.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing points to this customer any more.
        </Text>
      ) : null}
    </Panel>
  );
}

function Pair({ kind, value, since }: { kind: string; value: string; since: string }) {
  return (
    <>
      <dt>{identifierKind(kind)}</dt>
      <dd>
        <span>
          {value}
          <Text size="xs" c="dimmed" component="span" display="block">
            first seen <Instant at={since} />
          </Text>
        </span>
      </dd>
    </>
  );
}

import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { type Audience, type Customer, path, useList, useResource } from "@/api";
import { Ago, Conditions, IconDown, Instant, Loaded, Waiting } from "@/design";
import { plural } from "@/lib/format";
import styles from "./customers.module.css";
import { Panel } from "./Panel";

const page = 200;

/** Every audience, those the customer is in first; opened, each tells which of its conditions hold. */
export function WhyAudiences({ customer }: { customer: Customer }) {
  const audiences = useList("/api/audiences", { params: { limit: page, after: null } });
  const since = new Map(customer.audiences.map((one) => [one.slug, one.since]));
  return (
    <Panel title="Audiences">
      <Loaded
        query={audiences}
        waiting={<Waiting lines={3} />}
        empty={
          <Text size="sm" c="dimmed">
            There is no audience yet. Describe one on the{" "}
            <Anchor component={Link} to="/audiences">
              Audiences
            </Anchor>{" "}
            page.
          </Text>
        }
      >
        {({ items }) => {
          const inside = items.filter(({ slug }) => since.has(slug));
          const outside = items.filter(({ slug }) => !since.has(slug));
          return (
            <>
              {inside.length === 0 ? (
                <Text size="sm" c="dimmed" mb="xs">
                  In no audience now.
                </Text>
              ) : null}
              {inside.map((audience) => (
                <Told key={audience.slug} audience={audience} customer={customer.id}>
                  in since <Ago at={since.get(audience.slug)} />
                </Told>
              ))}
              {outside.length > 0 ? (
                <details className={styles.stage}>
                  <summary>
                    <Text size="sm" flex={1}>
                      Not in {plural(outside.length, "audience")}
                    </Text>
                    <IconDown size={16} stroke={1.7} className={styles.turn} aria-hidden />
                  </summary>
                  <div className={styles.inner}>
                    {outside.map((audience) => (
                      <Told key={audience.slug} audience={audience} customer={customer.id}>
                        {audience.state === "filling" ? "being filled" : "why not?"}
                      </Told>
                    ))}
                  </div>
                </details>
              ) : null}
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

/** Asked only when somebody wants to know. */
function Told({
  audience,
  customer,
  children,
}: {
  audience: Audience;
  customer: string;
  children: ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const why = useResource(path("/api/customers/{customer_id}/audiences/{slug}", customer, audience.slug), {
    enabled: open,
  });
  return (
    <details className={styles.stage} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
          {audience.name}
        </Text>
        <Text size="xs" c="dimmed" flex={1}>
          {children}
        </Text>
        <IconDown size={16} stroke={1.7} className={styles.turn} aria-hidden />
      </summary>
      {open ? (
        <Loaded query={why} waiting={<Waiting lines={2} />}>
          {(told) => (
            <>
              <Conditions conditions={told.conditions} />
              {told.changes_at ? (
                <Text size="xs" c="dimmed" mb="xs">
                  Can change by time alone on <Instant at={told.changes_at} />
                </Text>
              ) : null}
            </>
          )}
        </Loaded>
      ) : null}
      <Anchor component={Link} to={`/audiences/${audience.slug}`} size="xs" display="inline-block" mb="xs">
        Open the audience
      </Anchor>
    </details>
  );
}

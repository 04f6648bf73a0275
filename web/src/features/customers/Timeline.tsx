import { Badge, Button, Text, Tooltip } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { TimelineEvent } from "@/api";
import { Ago, EmptyState, IconClock, IconDown, Instant, Loaded, ProblemNotice, Waiting } from "@/design";
import { plural } from "@/lib/format";
import customers from "./customers.module.css";
import { EventIcon } from "./EventIcon";
import { byMachine, summary } from "./happenings";
import { valueText } from "./names";
import styles from "./timeline.module.css";
import { useTimeline } from "./useTimeline";

export function Timeline({ customer }: { customer: string }) {
  const { query, older } = useTimeline(customer);
  return (
    <Loaded query={query} waiting={<Waiting lines={8} />} empty={<NothingYet />}>
      {(shown) => (
        <>
          <Arrivals items={shown.items} />
          <Days items={shown.items} />
          {older.error ? <ProblemNotice problem={older.error} /> : null}
          {shown.next === null ? (
            <Text size="sm" c="dimmed" ta="center" mt="md">
              That is where it began.
            </Text>
          ) : (
            <Button
              variant="default"
              fullWidth
              mt="md"
              loading={older.isPending}
              onClick={() => older.mutate()}
            >
              Load older
            </Button>
          )}
        </>
      )}
    </Loaded>
  );
}

function NothingYet() {
  return (
    <EmptyState title="Nothing has happened yet" icon={<IconClock size={36} stroke={1.5} />}>
      Page views, orders, e-mails and stage moves appear here within a second of happening.
    </EmptyState>
  );
}

/** Tells screen readers about new events without reading the whole list again. */
function Arrivals({ items }: { items: TimelineEvent[] }) {
  const seen = useRef(items[0]?.id);
  const [said, setSaid] = useState("");
  const top = items[0];
  useEffect(() => {
    if (top === undefined || top.id === seen.current) return;
    const fresh = items.findIndex((event) => event.id === seen.current);
    seen.current = top.id;
    setSaid(`${plural(Math.max(fresh, 1), "new event")}: ${top.name}`);
  }, [top, items]);
  return (
    <div role="status" className={styles.hidden}>
      {said}
    </div>
  );
}

const dayOf = (event: TimelineEvent): string =>
  new Date(event.at).toLocaleDateString("en-GB", {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  });

function Days({ items }: { items: TimelineEvent[] }) {
  const days = new Map<string, TimelineEvent[]>();
  for (const event of items) {
    const day = dayOf(event);
    days.set(day, [...(days.get(day) ?? []), event]);
  }
  return (
    <>
      {[...days].map(([day, events]) => (
        <section key={day} aria-label={day}>
          <Text component="h3" size="xs" fw={600} c="dimmed" className={styles.day}>
            {day}
          </Text>
          <ol className={styles.list}>
            {events.map((event) => (
              <li key={event.id}>
                <Happening event={event} />
              </li>
            ))}
          </ol>
        </section>
      ))}
    </>
  );
}

function Happening({ event }: { event: TimelineEvent }) {
  const said = summary(event);
  return (
    <details className={styles.event} data-system={!event.by_customer || undefined}>
      <summary>
        <span className={styles.icon}>
          <EventIcon event={event} />
        </span>
        <span className={styles.words}>
          <span className={styles.name}>{event.name}</span>
          {said ? <span className={styles.said}>{said}</span> : null}
          <Marks event={event} />
        </span>
        <Text component="span" size="xs" c="dimmed" className={styles.when}>
          <Ago at={event.at} />
        </Text>
        <IconDown size={14} stroke={1.7} className={customers.turn} aria-hidden />
      </summary>
      <Details event={event} />
    </details>
  );
}

function Marks({ event }: { event: TimelineEvent }) {
  return (
    <>
      {byMachine(event) ? (
        <Tooltip label="A mail scanner or privacy proxy did this, not the customer. It counts for nothing.">
          <Badge size="sm" variant="light" color="yellow" tt="none">
            by a machine
          </Badge>
        </Tooltip>
      ) : null}
      {event.historical ? (
        <Badge size="sm" variant="default" tt="none">
          imported
        </Badge>
      ) : null}
    </>
  );
}

function Details({ event }: { event: TimelineEvent }) {
  const properties = Object.entries(event.properties);
  return (
    <dl className={`${customers.properties} ${styles.details}`}>
      {properties.map(([key, value]) => (
        <div key={key} style={{ display: "contents" }}>
          <dt>{key}</dt>
          <dd>
            {typeof value === "object" && value !== null ? JSON.stringify(value, null, 1) : valueText(value)}
          </dd>
        </div>
      ))}
      <dt>happened</dt>
      <dd>
        <Instant at={event.at} />
      </dd>
      <dt>received</dt>
      <dd>
        <Instant at={event.received_at} />
      </dd>
      <dt>who</dt>
      <dd>
        {event.by_customer
          ? "the customer"
          : byMachine(event)
            ? "a machine"
            : "Regulars or a connected system"}
      </dd>
      <dt>event id</dt>
      <dd>{event.id}</dd>
    </dl>
  );
}

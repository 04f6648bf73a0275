import { Card, Progress, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { System, Waiting } from "@/api";
import { dwell, percent } from "@/lib/format";
import { Past } from "./Past";
import classes from "./system.module.css";
import { brief, bytes, lateness, many, rate } from "./words";

/** The figures operators watch, a card for each part. */
export function Figures({ system }: { system: System }) {
  const of = (kind: Waiting["kind"]) => system.waiting.filter((one) => one.kind === kind);
  return (
    <div className={classes.figures}>
      <Queue waiting={of("queue")} />
      <Ticks ticks={system.ticks} now={system.at} />
      <Panel title="Events">
        <Line name="Accepted">{rate(system.accepted_per_s)} a second</Line>
        <Line name="Recorded">{rate(system.recorded_per_s)} a second</Line>
      </Panel>
      <Warehouse lag={system.warehouse} />
      <Panel title="Timers due">
        {of("timers").map((one) => (
          <Late key={one.name} waiting={one} name={NAMES[one.name] ?? one.name} />
        ))}
      </Panel>
      <Panel title="Messages waiting">
        {of("messages").map((one) => (
          <Late key={one.name} waiting={one} name={NAMES[one.name] ?? one.name} />
        ))}
        {system.held ? (
          <>
            <Line name="Sending">held by {system.held.by}</Line>
            <Line name="Doubtful">{many({ count: system.held.doubtful, more: system.held.more })}</Line>
          </>
        ) : null}
      </Panel>
      <Disk disk={system.disk} />
      <Panel title="Versions">
        <Line name="Regulars">{system.versions.regulars}</Line>
        <Line name="PostgreSQL">{system.versions.postgresql}</Line>
        <Line name="Python">{system.versions.python}</Line>
        <Line name="Schema">{system.versions.schema}</Line>
      </Panel>
    </div>
  );
}

const NAMES: Record<string, string> = {
  live: "Live events",
  historical: "Imported history",
  journeys: "Journeys",
  verdicts: "Verdicts",
  transactional: "Transactional",
  marketing: "Marketing",
  unknown: "Fate unknown",
};

function Queue({ waiting }: { waiting: Waiting[] }) {
  return (
    <Panel title="Queue">
      {waiting.map((one) => (
        <Late key={one.name} waiting={one} name={NAMES[one.name] ?? one.name} waits />
      ))}
    </Panel>
  );
}

function Ticks({ ticks, now }: { ticks: System["ticks"]; now: string }) {
  return (
    <Panel title="Ticks">
      {ticks.last_at === null ? (
        <Line name="Last">none yet</Line>
      ) : (
        <>
          <Line name="Last">
            {brief(ticks.last_s)}, <Past at={ticks.last_at} now={now} />
          </Line>
          <Line name="Median">{brief(ticks.median_s)}</Line>
          <Line name="95 of 100 within">{brief(ticks.p95_s)}</Line>
          <Line name="A minute">{rate(ticks.per_minute)}</Line>
        </>
      )}
    </Panel>
  );
}

function Warehouse({ lag }: { lag: System["warehouse"] }) {
  return (
    <Panel title="Warehouse">
      {lag === null ? (
        <Line name="Kind">none, or never fed</Line>
      ) : (
        <>
          <Line name="Lacks">
            {lag.rows === 0 ? "nothing" : `${many({ count: lag.rows, more: lag.more })} events`}
          </Line>
          <Line name="Behind by">{lag.rows === 0 ? "nothing" : dwell(lag.late_s)}</Line>
          <Line name="Kind">{lag.dialect}</Line>
        </>
      )}
    </Panel>
  );
}

function Disk({ disk }: { disk: System["disk"] }) {
  const used = disk.total_bytes > 0 ? 1 - disk.free_bytes / disk.total_bytes : 0;
  const parts: Record<string, string> = { database: "Database", warehouse: "Warehouse", other: "All else" };
  return (
    <Panel
      title="Disk"
      below={<Progress value={used * 100} mt={6} aria-label={`${percent(used)} of the volume is used`} />}
    >
      <Line name="Free">
        {bytes(disk.free_bytes)} of {bytes(disk.total_bytes)}
      </Line>
      {disk.parts.map((part) => (
        <Line key={part.name} name={parts[part.name] ?? part.name}>
          {bytes(part.bytes)}
        </Line>
      ))}
    </Panel>
  );
}

function Late({ waiting, name, waits = false }: { waiting: Waiting; name: string; waits?: boolean }) {
  const late = lateness(waiting);
  return (
    <Line name={name}>
      {late === null ? "none" : many(waiting)}
      {late === null ? null : (
        <Text span size="sm" c="dimmed" display="block">
          {waits ? `the oldest waits ${late}` : `up to ${late} late`}
          {waiting.of ? `, ${waiting.of}` : ""}
        </Text>
      )}
    </Line>
  );
}

function Panel({ title, below, children }: { title: string; below?: ReactNode; children: ReactNode }) {
  return (
    <Card component="section" padding="md" aria-label={title}>
      <Title order={2} size="h3" mb={6}>
        {title}
      </Title>
      <dl className={classes.lines}>{children}</dl>
      {below}
    </Card>
  );
}

function Line({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.line}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

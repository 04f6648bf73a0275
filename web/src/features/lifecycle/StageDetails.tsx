import { Anchor, Badge, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Flow, LifecycleOverview, LifecycleStage } from "@/api";
import { RuleText, StageBadge } from "@/design";
import { count, dwell, percent, plural } from "@/lib/format";
import classes from "./Lifecycle.module.css";
import { metricName } from "./metrics";

type Props = { id: string; data: LifecycleOverview; stage: LifecycleStage };

/** Everything about one stage: its traffic, what becomes of its customers, its rule and its metrics. */
export function StageDetails({ id, data, stage }: Props) {
  const names = new Map(data.stages.map((each) => [each.slug, each.name]));
  const named = (slug: string) => (slug === "unknown" ? null : { slug, name: names.get(slug) ?? slug });
  const byCustomers = (a: Flow, b: Flow) => b.customers - a.customers;
  const came = data.flows.filter((flow) => flow.to === stage.slug).sort(byCustomers);
  const went = data.flows.filter((flow) => flow.from === stage.slug).sort(byCustomers);
  return (
    <section id={id} className={classes.details} aria-label={`${stage.name} in detail`}>
      <Text size="sm">{stage.description}</Text>
      <dl className={classes.facts}>
        <div>
          <dt>Entered</dt>
          <dd>{count(stage.entered)}</dd>
        </div>
        <div>
          <dt>Left</dt>
          <dd>{count(stage.left)}</dd>
        </div>
        <div>
          <dt>Median stay</dt>
          <dd>{dwell(stage.median_dwell_s)}</dd>
        </div>
      </dl>
      {stage.conversions.length > 0 ? (
        <>
          <h3 className={classes.minor}>
            Of the {count(stage.cohort)} who entered in {data.cohort_days} days, later reached
          </h3>
          <ul className={classes.conversions}>
            {stage.conversions.map((conversion) => (
              <li key={conversion.to}>
                <span>{names.get(conversion.to) ?? conversion.to}</span>
                <span className={classes.meter} aria-hidden="true">
                  <span style={{ width: `${Math.min(100, conversion.share * 100)}%` }} />
                </span>
                <span title={plural(conversion.customers, "customer")}>{percent(conversion.share)}</span>
              </li>
            ))}
          </ul>
        </>
      ) : null}
      <Moves title="Came from" flows={came} other={(flow) => named(flow.from)} />
      <Moves title="Went to" flows={went} other={(flow) => named(flow.to)} />
      <h3 className={classes.minor}>Who is in it</h3>
      <RuleText rule={stage.rule_text} />
      {stage.metrics.length > 0 ? (
        <>
          <h3 className={classes.minor}>Measured by</h3>
          <Group gap={6}>
            {stage.metrics.map((metric) => (
              <Badge key={metric} variant="default" fw={500}>
                {metricName(metric)}
              </Badge>
            ))}
          </Group>
        </>
      ) : null}
      <Anchor
        component={Link}
        to="/customers"
        search={{ stage: stage.slug } as never}
        fw={600}
        mt="md"
        display="block"
      >
        See the {plural(stage.customers, "customer")} in {stage.name}
      </Anchor>
    </section>
  );
}

type MovesProps = {
  title: string;
  flows: Flow[];
  other: (flow: Flow) => { slug: string; name: string } | null;
};

function Moves({ title, flows, other }: MovesProps) {
  if (flows.length === 0) return null;
  return (
    <>
      <h3 className={classes.minor}>{title}</h3>
      <ul className={classes.moves}>
        {flows.map((flow) => (
          <li key={`${flow.from}>${flow.to}`}>
            <StageBadge stage={other(flow)} /> {count(flow.customers)}
          </li>
        ))}
      </ul>
    </>
  );
}

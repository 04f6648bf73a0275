import { UnstyledButton } from "@mantine/core";
import type { LifecycleStage } from "@/api";
import { useStageColours } from "@/design";
import { count, dwell, percent } from "@/lib/format";
import classes from "./Lifecycle.module.css";
import type { Choice } from "./LoopView";
import { StageDetails } from "./StageDetails";

/** The stages in their order; the chosen one opens its details. On a phone this is how the loop is used. */
export function StageList({ data, chosen, pointed, choose, point }: Choice) {
  const most = Math.max(1, ...data.stages.map((stage) => stage.customers));
  return (
    <div className={classes.side}>
      <h2 className="rg-hidden">Stages</h2>
      <ol className={classes.list}>
        {data.stages.map((stage, index) => (
          <Row
            key={stage.slug}
            {...{ data, stage, index, most, choose, point }}
            open={chosen === stage.slug}
            lit={pointed === stage.slug}
          />
        ))}
      </ol>
    </div>
  );
}

type RowProps = Pick<Choice, "data" | "choose" | "point"> & {
  stage: LifecycleStage;
  index: number;
  most: number;
  open: boolean;
  lit: boolean;
};

function Row({ data, stage, index, most, open, lit, choose, point }: RowProps) {
  const colours = useStageColours(stage.slug);
  const after = data.stages[index + 1];
  const next = stage.conversions.find((conversion) => conversion.to === after?.slug);
  const panel = `stage-${stage.slug}`;
  return (
    <li className={classes.item} style={colours} data-open={open || undefined} data-lit={lit || undefined}>
      <UnstyledButton
        className={classes.row}
        aria-expanded={open}
        aria-controls={open ? panel : undefined}
        onClick={() => choose(stage.slug)}
        onPointerEnter={() => point(stage.slug)}
        onPointerLeave={() => point(null)}
      >
        <span className={classes.index} aria-hidden="true">
          {index + 1}
        </span>
        <span className={classes.what}>
          <span className={classes.name}>{stage.name}</span>
          <span className={classes.bar} aria-hidden="true">
            <span style={{ width: `${(100 * stage.customers) / most}%` }} />
          </span>
        </span>
        <span className={classes.figures}>
          <span className={classes.now}>
            {count(stage.customers)}
            <span className={classes.share}>
              {percent(data.total > 0 ? stage.customers / data.total : null)}
            </span>
          </span>
          <span className={classes.moved}>
            <span title={`Entered in ${data.window_days} days`}>+{count(stage.entered)}</span>
            <span title={`Left in ${data.window_days} days`}>−{count(stage.left)}</span>
          </span>
        </span>
        <span className={classes.becomes}>
          {next && after ? `${percent(next.share)} go on to ${after.name} · ` : ""}median stay{" "}
          {dwell(stage.median_dwell_s)}
        </span>
      </UnstyledButton>
      {open ? <StageDetails id={panel} data={data} stage={stage} /> : null}
    </li>
  );
}

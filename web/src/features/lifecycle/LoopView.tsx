import { type CSSProperties, useMemo, useState } from "react";
import type { LifecycleOverview, LifecycleStage } from "@/api";
import { useStageColours } from "@/design";
import { compact, count, percent, plural } from "@/lib/format";
import { FlowShape } from "./FlowShape";
import { Legend } from "./Legend";
import classes from "./Loop.module.css";
import { drawLoop, type Node, type Shape, VIEW } from "./loop";

export type Choice = {
  data: LifecycleOverview;
  /** The stage whose details are open, and the one under the pointer or the focus. */
  chosen: string | null;
  pointed: string | null;
  choose: (slug: string) => void;
  point: (slug: string | null) => void;
};

/** The loop: stages on a ring, flows as bands on it and curves inside it. The table below says the same in words. */
export function LoopView({ data, chosen, pointed, choose, point }: Choice) {
  const loop = useMemo(() => drawLoop(data.stages, data.flows), [data.stages, data.flows]);
  const [flow, setFlow] = useState<Shape | null>(null);
  const lit = pointed ?? chosen;
  const names = useMemo(() => new Map(data.stages.map((stage) => [stage.slug, stage.name])), [data.stages]);
  const strength = (shape: Shape) => {
    if (flow) return flow.key === shape.key ? "strong" : "faint";
    if (!lit) return "plain";
    return shape.from === lit || shape.to === lit ? "strong" : "faint";
  };
  return (
    <figure
      className={classes.figure}
      aria-label={`${data.lifecycle.name} as a loop of ${data.stages.length} stages`}
    >
      <div className={classes.canvas} data-lit={lit !== null || undefined}>
        <svg viewBox={`0 0 ${VIEW.width} ${VIEW.height}`} className={classes.drawing} aria-hidden="true">
          <circle cx={loop.centre.x} cy={loop.centre.y} r={VIEW.ring} className={classes.track} />
          {loop.shapes.map((shape) => (
            <FlowShape key={shape.key} shape={shape} strength={strength(shape)} point={setFlow} />
          ))}
        </svg>
        <div className={classes.middle}>
          <strong>{count(data.total)}</strong>
          <span>{data.total === 1 ? "customer" : "customers"}</span>
          {data.unknown.customers > 0 ? <small>{count(data.unknown.customers)} in no stage</small> : null}
        </div>
        {loop.nodes.map((node, index) => {
          const stage = data.stages[index];
          if (!stage) return null;
          return (
            <StageNode
              key={node.slug}
              node={node}
              stage={stage}
              index={index}
              total={data.total}
              state={{ chosen: chosen === node.slug, dim: lit !== null && lit !== node.slug }}
              choose={choose}
              point={point}
            />
          );
        })}
      </div>
      <figcaption className={classes.caption}>
        {flow ? (
          <span aria-hidden="true">
            <b>
              {names.get(flow.from)} → {names.get(flow.to)}
            </b>{" "}
            {plural(flow.customers, "move")} in {data.window_days} days
          </span>
        ) : (
          <Legend />
        )}
      </figcaption>
    </figure>
  );
}

type NodeProps = Pick<Choice, "choose" | "point"> & {
  node: Node;
  stage: LifecycleStage;
  index: number;
  total: number;
  state: { chosen: boolean; dim: boolean };
};

function StageNode({ node, stage, index, total, state, choose, point }: NodeProps) {
  const colours = useStageColours(stage.slug);
  const share = percent(total > 0 ? stage.customers / total : null);
  const place = {
    ...colours,
    "--x": `${(node.x / VIEW.width) * 100}%`,
    "--y": `${(node.y / VIEW.height) * 100}%`,
    "--size": `${((2 * node.radius) / VIEW.width) * 100}%`,
    "--radius": (node.radius / VIEW.width).toFixed(4),
  } as CSSProperties;
  return (
    <button
      type="button"
      className={classes.node}
      style={place}
      data-side={node.side}
      data-dim={state.dim || undefined}
      aria-pressed={state.chosen}
      onClick={() => choose(stage.slug)}
      onPointerEnter={() => point(stage.slug)}
      onPointerLeave={() => point(null)}
      onFocus={() => point(stage.slug)}
      onBlur={() => point(null)}
    >
      <span className={classes.number}>{compact(stage.customers)}</span>
      <span className={classes.order}>{index + 1}</span>
      <span className={classes.label}>
        <b>{stage.name}</b> <span>{share}</span>
      </span>
      <span className="rg-hidden">, {plural(stage.customers, "customer")}</span>
    </button>
  );
}

import { createContext, type ReactNode, useContext, useMemo } from "react";
import { stageHue } from "./palette";
import classes from "./Stage.module.css";

type Named = { slug: string; name: string };
type Style = Record<string, string>;

const Order = createContext<ReadonlyMap<string, number>>(new Map());

/** Gives every stage below it the colour of its place in the active lifecycle. */
export function StageColours({ order, children }: { order: readonly string[]; children: ReactNode }) {
  const key = order.join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` is the order by value; a new array is no new order.
  const hues = useMemo(() => new Map(order.map((slug, at) => [slug, stageHue(at, order.length)])), [key]);
  return <Order.Provider value={hues}>{children}</Order.Provider>;
}

/** CSS variables `--stage-mark`, `--stage-soft`, `--stage-text` for a hue; grey without one. */
export function stageColours(hue: number | undefined): Style {
  const shade = (name: string) =>
    hue === undefined ? `oklch(from oklch(var(${name}) 60) l 0.01 h)` : `oklch(var(${name}) ${hue})`;
  return {
    "--stage-mark": shade("--rg-stage-mark"),
    "--stage-soft": shade("--rg-stage-soft"),
    "--stage-text": shade("--rg-stage-text"),
  };
}

export function useStageColours(slug: string | null | undefined): Style {
  const hues = useContext(Order);
  return stageColours(slug ? hues.get(slug) : undefined);
}

/** A stage's name in its colour. `null` is a customer whom no stage's rule holds for. */
export function StageBadge({ stage }: { stage: Named | null }) {
  const colours = useStageColours(stage?.slug);
  return (
    <span className={classes.badge} style={colours}>
      <span className={classes.dot} aria-hidden />
      {stage?.name ?? "Unknown"}
    </span>
  );
}

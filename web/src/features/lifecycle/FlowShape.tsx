import { useId } from "react";
import { useStageColours } from "@/design";
import classes from "./Loop.module.css";
import type { Shape } from "./loop";

type Props = { shape: Shape; strength: "plain" | "strong" | "faint"; point: (shape: Shape | null) => void };

/** One flow. Forward is a filled band, a skip an even line, a return a broken line with a hollow point. */
export function FlowShape({ shape, strength, point }: Props) {
  const id = useId();
  const from = useStageColours(shape.from)["--stage-mark"];
  const to = useStageColours(shape.to)["--stage-mark"];
  const pointing = { onPointerEnter: () => point(shape), onPointerLeave: () => point(null) };
  const look = { className: classes.flow, "data-strength": strength, "data-direction": shape.direction };
  if (shape.kind === "band") {
    return (
      <g {...look} {...pointing} fill={`url(#${id})`}>
        <linearGradient
          id={id}
          gradientUnits="userSpaceOnUse"
          x1={shape.start.x}
          y1={shape.start.y}
          x2={shape.end.x}
          y2={shape.end.y}
        >
          <stop offset="0" style={{ stopColor: from ?? "currentColor" }} />
          <stop offset="1" style={{ stopColor: to ?? "currentColor" }} />
        </linearGradient>
        <path d={shape.body} />
      </g>
    );
  }
  const back = shape.direction === "back";
  const width = shape.width;
  return (
    <g {...look} {...pointing} style={{ "--flow": back ? undefined : from } as React.CSSProperties}>
      <path
        d={shape.body}
        className={classes.line}
        strokeWidth={width}
        strokeDasharray={
          back ? `${Math.max(4, 2 + width * 0.22)} ${Math.max(3.2, 2 + width * 0.16)}` : undefined
        }
      />
      <path d={shape.head} className={back ? classes.hollow : classes.full} />
      <path d={shape.body} className={classes.reach} strokeWidth={Math.max(12, width)} />
    </g>
  );
}

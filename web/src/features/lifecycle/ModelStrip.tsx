import type { LifecycleModel } from "@/api";
import { StageBadge } from "@/design";
import classes from "./ModelStrip.module.css";

/** A model's stages in a row, in their order. */
export function ModelStrip({ stages }: Pick<LifecycleModel, "stages">) {
  return (
    <ol className={classes.strip}>
      {stages.map((stage) => (
        <li key={stage.slug}>
          <StageBadge stage={stage} />
        </li>
      ))}
    </ol>
  );
}

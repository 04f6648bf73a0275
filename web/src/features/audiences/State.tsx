import { Badge } from "@mantine/core";
import type { Audience } from "@/api";
import { percent } from "@/lib/format";

const WORDS = { live: "live", filling: "filling" } as const;

/** `filling`: the rule is new, and the customers it holds for are being worked out. */
export function State({ state, filling }: Pick<Audience, "state" | "filling">) {
  const far = filling && filling.total > 0 ? ` ${percent(filling.done / filling.total)}` : "";
  return (
    <Badge variant="light" color={state === "live" ? "green" : "yellow"} tt="none" miw="max-content">
      {WORDS[state]}
      {far}
    </Badge>
  );
}

import { Badge } from "@mantine/core";
import type { Audience } from "@/api";

const WORDS = { live: "live", filling: "filling" } as const;

/** `filling`: the rule is new, and the customers it holds for are being worked out. */
export function State({ state }: { state: Audience["state"] }) {
  return (
    <Badge variant="light" color={state === "live" ? "green" : "yellow"} tt="none" miw="max-content">
      {WORDS[state]}
    </Badge>
  );
}

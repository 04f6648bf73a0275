import { Badge } from "@mantine/core";
import type { JourneyRow } from "@/api";

const COLOURS: Record<JourneyRow["state"], string> = {
  draft: "gray",
  live: "green",
  paused: "yellow",
  ended: "gray",
};

export function JourneyState({ state }: { state: JourneyRow["state"] }) {
  return (
    <Badge variant="light" color={COLOURS[state]} tt="none" miw="max-content">
      {state}
    </Badge>
  );
}

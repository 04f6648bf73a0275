import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import type { Journey, JourneyVerb } from "@/api";

type Props = ButtonProps & {
  journey: Journey;
  verb: JourneyVerb;
  onClick: () => void;
  children: React.ReactNode;
};

/** A verb the API allows or refuses. Refused, it stays reachable by keyboard and says why. */
export function MayButton({ journey, verb, onClick, children, ...look }: Props) {
  const why = journey.may[verb] ? null : (journey.may[`${verb}_reason`] ?? "Not possible now.");
  return (
    <Tooltip label={why} disabled={why === null} multiline maw={280}>
      <Button
        {...look}
        aria-disabled={why !== null || undefined}
        data-disabled={why !== null || undefined}
        onClick={why === null ? onClick : undefined}
      >
        {children}
      </Button>
    </Tooltip>
  );
}

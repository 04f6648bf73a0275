import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import type { Journey } from "@/api";

type Props = ButtonProps & { journey: Journey; verb: string; onClick: () => void; children: React.ReactNode };

/**
 * A verb the API allows or refuses. Refused, it stays reachable by keyboard and says why; a verb the API does not
 * mention is not offered.
 */
export function MayButton({ journey, verb, onClick, children, ...look }: Props) {
  const allowed = journey.may[verb];
  if (allowed === undefined) return null;
  const reason = journey.may[`${verb}_reason`];
  const why = allowed ? null : typeof reason === "string" && reason ? reason : "Not possible now.";
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

import { useEffect, useState } from "react";
import { ago, instant } from "@/lib/format";

type Props = { at: string | null | undefined; empty?: string };

/** A moment in the reader's own zone; the zone and UTC are in its title. */
export function Instant({ at, empty = "–" }: Props) {
  if (!at) return <>{empty}</>;
  const moment = new Date(at);
  return (
    <time dateTime={at} title={titleOf(moment)} style={{ whiteSpace: "nowrap" }}>
      {instant(moment)}
    </time>
  );
}

/** How long ago, kept true while the page stays open. */
export function Ago({ at, empty = "–" }: Props) {
  const now = useNow(15_000);
  if (!at) return <>{empty}</>;
  const moment = new Date(at);
  return (
    <time dateTime={at} title={titleOf(moment)} style={{ whiteSpace: "nowrap" }}>
      {ago(moment, now)}
    </time>
  );
}

const titleOf = (moment: Date): string => `${instant(moment, "full")} (${instant(moment, "full", "UTC")})`;

function useNow(every: number): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

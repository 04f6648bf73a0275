import { ago, instant } from "@/lib/format";

/** How long ago by the server's own clock: what it has just seen never lies in the future. */
export function Past({ at, now }: { at: string; now: string }) {
  return (
    <time dateTime={at} title={instant(new Date(at), "full")} style={{ whiteSpace: "nowrap" }}>
      {ago(new Date(at), new Date(now))}
    </time>
  );
}

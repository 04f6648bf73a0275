import { NativeSelect } from "@mantine/core";
import { DurationInput } from "./DurationInput";
import {
  CALENDAR_UNITS,
  isCalendar,
  PERIODS,
  type Period,
  parseSpan,
  splitDuration,
  writeSpan,
} from "./spans";
import { ZoneInput } from "./ZoneInput";

/** A length of time up to now, exact or by the calendar: "90d", "3mo", "this week". */
export function SpanInput({
  label,
  value,
  change,
}: {
  label: string;
  value: string;
  change: (value: string) => void;
}) {
  const span = parseSpan(value);
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label={label}
        value={span?.kind === "period" ? span.period : "length"}
        data={[{ value: "length", label: "the last" }, ...PERIODS]}
        onChange={({ currentTarget: { value: next } }) =>
          change(
            next === "length"
              ? "30d"
              : writeSpan({ kind: "period", period: next as Period, zone: span?.zone ?? null }),
          )
        }
      />
      <SpanDetails label={label} value={value} change={change} />
    </>
  );
}

/** The amount and unit of a length, and the time zone of what goes by the calendar. */
export function SpanDetails({
  label,
  value,
  change,
}: {
  label: string;
  value: string;
  change: (value: string) => void;
}) {
  const span = parseSpan(value);
  return (
    <>
      {span?.kind === "period" ? null : (
        <DurationInput
          label={label}
          value={span ? writeSpan({ ...span, zone: null }) : value}
          units={CALENDAR_UNITS}
          change={(next) =>
            change(writeSpan({ kind: "length", ...splitDuration(next), zone: span?.zone ?? null }))
          }
        />
      )}
      {span && isCalendar(span) ? (
        <ZoneInput zone={span.zone} change={(zone) => change(writeSpan({ ...span, zone }))} />
      ) : null}
    </>
  );
}

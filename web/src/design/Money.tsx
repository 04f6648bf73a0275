type Props = { minor: number; currency: string };

/** An amount in integer minor units, as the API gives it: 1999 EUR → €19.99. */
export function Money({ minor, currency }: Props) {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return <span style={{ whiteSpace: "nowrap" }}>{format.format(minor / 10 ** digits)}</span>;
}

import { Checkbox } from "@mantine/core";
import type { Rejection } from "@/api";
import { type Column, REJECTED } from "@/design";

type Choice = {
  chosen: ReadonlySet<string>;
  turn: (id: string) => void;
  all: () => void;
  /** Whether every one that is shown is chosen. */
  whole: boolean;
};

export const columnsOf = ({ chosen, turn, all, whole }: Choice): Column<Rejection>[] => [
  {
    key: "choose",
    title: (
      <Checkbox
        aria-label="Choose all that are shown"
        checked={whole}
        indeterminate={!whole && chosen.size > 0}
        onChange={all}
      />
    ),
    cell: (row) => (
      <Checkbox
        aria-label={`Choose the one with the reason: ${row.reason}`}
        checked={chosen.has(row.id)}
        onChange={() => turn(row.id)}
      />
    ),
  },
  REJECTED.reason,
  REJECTED.at,
  REJECTED.code,
  REJECTED.body,
];

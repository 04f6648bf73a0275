import { Text } from "@mantine/core";
import IconX from "@tabler/icons-react/dist/esm/icons/IconX.mjs";
import classes from "./Conditions.module.css";
import { IconCheck } from "./icons";
import { RuleText } from "./RuleText";
import { Instant } from "./Time";

export interface JudgedCondition {
  text: string;
  holds: boolean;
  changes_at: string | null;
  /** What was found: how often, which value. */
  value?: string | null;
}

const LOOK = { size: 16, stroke: 2.2, role: "img" } as const;

/** The conditions of a rule as they stand for one customer: what was found, whether it holds, when that can change. */
export function Conditions({ conditions }: { conditions: readonly JudgedCondition[] }) {
  return (
    <ul className={classes.conditions}>
      {conditions.map((condition) => (
        <li key={condition.text}>
          {condition.holds ? (
            <IconCheck {...LOOK} color="var(--mantine-color-green-6)" aria-label="Holds:" />
          ) : (
            <IconX {...LOOK} color="var(--mantine-color-red-6)" aria-label="Does not hold:" />
          )}
          <div>
            <RuleText rule={condition.text} />
            {condition.value === undefined || condition.value === null ? null : (
              <Text size="xs" mt={2} style={{ overflowWrap: "anywhere" }}>
                found: <b>{condition.value}</b>
              </Text>
            )}
            {condition.changes_at ? (
              <Text size="xs" c="dimmed">
                can change on <Instant at={condition.changes_at} />
              </Text>
            ) : null}
          </div>
        </li>
      ))}
    </ul>
  );
}

import { useMemo } from "react";
import classes from "./RuleText.module.css";

type Piece = { kind: "word" | "text" | "number" | "plain"; text: string; at: number };

const TOKENS =
  /("(?:[^"\\]|\\.)*")|\b(\d[\d.:TZ-]*)\b|\b(and|or|not|did|where|everyone|stage|audience|sequence|then)\b/gi;

function pieces(rule: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of rule.matchAll(TOKENS)) {
    if (match.index > end) found.push({ kind: "plain", text: rule.slice(end, match.index), at: end });
    const kind = match[1] ? "text" : match[2] ? "number" : "word";
    found.push({ kind, text: match[0], at: match.index });
    end = match.index + match[0].length;
  }
  if (end < rule.length) found.push({ kind: "plain", text: rule.slice(end), at: end });
  return found;
}

/** A rule's text form, its words told apart. */
export function RuleText({ rule }: { rule: string }) {
  const parts = useMemo(() => pieces(rule), [rule]);
  return (
    <code className={classes.rule}>
      {parts.map((part) => (
        <span key={part.at} className={classes[part.kind]}>
          {part.text}
        </span>
      ))}
    </code>
  );
}

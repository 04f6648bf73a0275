import { Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { Brand } from "@/design";
import classes from "./Doorway.module.css";

/** The frame of the pages before one is signed in. */
export function Doorway({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Regulars`;
  }, [title]);
  return (
    <div className={classes.page}>
      <Rings />
      <main className={classes.card}>
        <Brand />
        <Title order={1} mt="xl">
          {title}
        </Title>
        <Text c="dimmed" mt={4} mb="lg" component="div">
          {lead}
        </Text>
        {children}
      </main>
    </div>
  );
}

const HUES = [262, 190, 152, 74, 40, 345];

/** The loop in the large, as an ornament. */
function Rings() {
  const at = (index: number, radius: number) => {
    const angle = (2 * Math.PI * index) / HUES.length - Math.PI / 2;
    return { cx: 300 + radius * Math.cos(angle), cy: 300 + radius * Math.sin(angle) };
  };
  return (
    <svg className={classes.rings} viewBox="0 0 600 600" aria-hidden="true">
      <circle cx="300" cy="300" r="210" className={classes.track} />
      {HUES.map((hue, index) => (
        <circle
          key={hue}
          {...at(index, 210)}
          r={[66, 52, 40, 46, 36, 30][index]}
          style={{ fill: `oklch(var(--rg-stage-soft) ${hue})`, stroke: `oklch(var(--rg-stage-mark) ${hue})` }}
          strokeWidth="2.5"
        />
      ))}
    </svg>
  );
}

import { Anchor, Button, Card, CloseButton, Text, TextInput, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Instant, Waiting } from "@/design";
import { fromField, toField } from "@/design/rules";
import { count, localZone } from "@/lib/format";
import styles from "./audiences.module.css";
import { called } from "./called";
import type { Previewed } from "./usePreview";
import type { Asked } from "./WhyPanel";

/** Enough to see whether it is the right people; what is edited needs the room. */
const shown = 6;

/** How many the rule holds for, and who some of them are, now or as of another instant. */
export function PreviewPanel({
  preview,
  at,
  setAt,
  ask,
}: {
  preview: Previewed;
  at: string | null;
  setAt: (at: string | null) => void;
  ask: (customer: Asked) => void;
}) {
  const wrongAt = preview.problem?.field("at");
  return (
    <Card component="section" id="holds-for" aria-label="Whom it holds for" padding="md">
      <Title order={2} size="h3" mb="xs">
        Whom it holds for
      </Title>
      <div aria-live="polite" aria-busy={preview.behind}>
        <Answer preview={preview} at={at} ask={ask} />
      </div>
      <TextInput
        type="datetime-local"
        size="xs"
        mt="md"
        label="As of"
        description={at ? `In your time zone, ${localZone()}.` : "Now. Choose a time to ask who fitted then."}
        error={wrongAt}
        value={at ? toField(at) : ""}
        onChange={(event) => setAt(fromField(event.currentTarget.value) || null)}
        rightSection={
          at ? <CloseButton size="xs" aria-label="As of now" onClick={() => setAt(null)} /> : undefined
        }
        styles={{ section: { width: 26 } }}
      />
    </Card>
  );
}

function Answer({
  preview: { query, problem, faults, complete, behind },
  at,
  ask,
}: {
  preview: Previewed;
  at: string | null;
  ask: (customer: Asked) => void;
}) {
  if (!complete) return <Text size="sm">Fill in the conditions, and the count appears here.</Text>;
  if (problem) {
    const marked = faults.length > 0 || problem.place !== null;
    return (
      <Text size="sm" c="var(--mantine-color-error)">
        {marked ? "The rule cannot be read yet; see what is marked in it." : problem.message}
      </Text>
    );
  }
  if (!query.data) return <Waiting lines={3} />;
  const { count: found, sample, at: then } = query.data;
  return (
    <div className={styles.answer} data-behind={behind || undefined}>
      <Text fz={34} fw={700} lh={1.1}>
        {count(found)}
      </Text>
      <Text size="sm" c="dimmed" mb="xs">
        {found === 1 ? "customer" : "customers"}
        {at ? (
          <>
            {" "}
            on <Instant at={then} />
          </>
        ) : null}
      </Text>
      {sample.length > 0 ? (
        <ul className={styles.sample} aria-label="Some of them">
          {sample.slice(0, shown).map((customer) => (
            <li key={customer.id}>
              <Anchor component={Link} to={`/customers/${customer.id}`} target="_blank" size="sm" py={3}>
                {called(customer)}
              </Anchor>
              <Button
                size="compact-xs"
                variant="subtle"
                aria-label={`Why ${called(customer)}?`}
                onClick={() => ask({ id: customer.id, name: called(customer) })}
              >
                Why?
              </Button>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

/** The count, always in sight where the panel is far below the form. */
export function CountBar({ preview: { query, complete, behind, problem } }: { preview: Previewed }) {
  if (!complete || problem || !query.data) return null;
  return (
    <a href="#holds-for" className={styles.countBar} data-behind={behind || undefined}>
      <b>{count(query.data.count)}</b> {query.data.count === 1 ? "customer" : "customers"}
    </a>
  );
}

import { Anchor, Drawer, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type EnrolmentPassages, type Journey, path, useResource } from "@/api";
import { Instant, Loaded, Waiting } from "@/design";
import { stepInWords } from "./definition";
import styles from "./journeys.module.css";

/** One customer's way through the journey, visit by visit. */
export function Passage({ id, journey, close }: { id: string; journey: Journey; close: () => void }) {
  const enrolment = useResource(path("/api/enrolments/{enrolment_id}", id), { refreshEvery: 3_000 });
  return (
    <Drawer opened onClose={close} position="right" title="Passage" size="md">
      <Loaded query={enrolment} waiting={<Waiting lines={6} />}>
        {(found) => <Visits enrolment={found} journey={journey} />}
      </Loaded>
    </Drawer>
  );
}

function Visits({ enrolment, journey }: { enrolment: EnrolmentPassages; journey: Journey }) {
  const { customer } = enrolment;
  // Of an older version only the ids of its steps are known here.
  const steps = enrolment.version === journey.version ? journey.definition_live?.steps : undefined;
  return (
    <Stack gap="sm">
      <Text component="div">
        <Anchor component={Link} to={`/customers/${customer.id}`} fw={600}>
          {customer.name || customer.email || `Visitor ${customer.id.slice(-6)}`}
        </Anchor>
        <Text size="sm" c="dimmed">
          {journey.name}, version {enrolment.version}
        </Text>
      </Text>
      <ol className={styles.passages}>
        <li>
          <Text size="sm">Entered</Text>
          <Text size="xs" c="dimmed">
            <Instant at={enrolment.entered_at} />
          </Text>
        </li>
        {enrolment.passages.map((passage) => (
          <li key={`${passage.visit} ${passage.step} ${passage.at}`}>
            <Text size="sm">{sentence(stepInWords(steps, passage.step))}</Text>
            <Outcome passage={passage} />
            <Text size="xs" c="dimmed">
              <Instant at={passage.at} />
            </Text>
          </li>
        ))}
        <li>
          <Text size="sm">
            {enrolment.left_at ? `Left: ${enrolment.left_because ?? "–"}` : "Still inside"}
          </Text>
          <Text size="xs" c="dimmed">
            {enrolment.left_at ? (
              <Instant at={enrolment.left_at} />
            ) : enrolment.wake_at ? (
              <>
                goes on <Instant at={enrolment.wake_at} />
              </>
            ) : null}
          </Text>
        </li>
      </ol>
    </Stack>
  );
}

/** The API's own words, but for an instant, which is shown in the reader's zone. */
function Outcome({ passage }: { passage: EnrolmentPassages["passages"][number] }) {
  const until = passage.details?.until;
  if (typeof until === "string") {
    return (
      <Text size="sm">
        until <Instant at={until} />
      </Text>
    );
  }
  return passage.outcome ? <Text size="sm">{passage.outcome}</Text> : null;
}

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

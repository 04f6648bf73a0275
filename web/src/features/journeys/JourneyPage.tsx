import { Button, Card, Group, SegmentedControl, Tabs, Text, Title } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type Journey, path, useResource } from "@/api";
import { Ago, BackLink, Instant, LoadedPage, Page } from "@/design";
import { count } from "@/lib/format";
import { Enrolments } from "./Enrolments";
import { Flow } from "./Flow";
import { JourneyState } from "./JourneyState";
import styles from "./journeys.module.css";
import { Obstacles } from "./Obstacles";
import { Refusals } from "./Refusals";
import { Rules } from "./Rules";
import { Verbs } from "./Verbs";

const refresh_ms = 3_000;

export default function JourneyPage() {
  const { slug = "" } = useParams({ strict: false }) as { slug?: string };
  const journey = useResource(path("/api/journeys/{slug}", slug), { refreshEvery: refresh_ms });
  return (
    <LoadedPage query={journey} title="Journey" above={<BackLink to="/journeys">Journeys</BackLink>}>
      {(found) => <JourneyView journey={found} />}
    </LoadedPage>
  );
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function JourneyView({ journey }: { journey: Journey }) {
  const live = journey.definition_live;
  const changed = live !== null && !same(live, journey.definition);
  const [view, setView] = useState<"live" | "draft">("live");
  const shown = live !== null && view === "live" ? live : journey.definition;
  return (
    <Page
      above={<BackLink to="/journeys">Journeys</BackLink>}
      title={journey.name}
      lead={
        <Group gap="xs">
          <JourneyState state={journey.state} />
          <Text size="sm">
            {count(journey.inside)} inside now · {count(journey.entered)} entered · {count(journey.left)} left
          </Text>
        </Group>
      }
      actions={
        <>
          <Verbs journey={journey} />
          <Button component={Link} to={`/journeys/${journey.slug}/edit`} variant="default">
            Edit
          </Button>
        </>
      }
    >
      <div className={styles.columns}>
        <Card component="section" aria-label="Steps">
          <Group justify="space-between" mb="md">
            <Title order={2} size="h3">
              Steps
            </Title>
            {changed ? (
              <SegmentedControl
                size="xs"
                aria-label="Which version"
                value={view}
                onChange={(next) => setView(next === "draft" ? "draft" : "live")}
                data={[
                  { value: "live", label: `Version ${journey.version ?? ""}` },
                  { value: "draft", label: "Draft" },
                ]}
              />
            ) : null}
          </Group>
          {changed && view === "draft" ? (
            <Text size="sm" c="dimmed" mb="sm">
              Not published yet: customers still travel version {journey.version}.
            </Text>
          ) : null}
          {live === null || (changed && view === "draft") ? <Obstacles journey={journey} /> : null}
          <Flow definition={shown} counts={shown === live ? journey.steps : []} entered={journey.entered} />
        </Card>
        <div className={styles.side}>
          <Rules definition={shown} />
          <Versions journey={journey} />
        </div>
      </div>
      <Card>
        <Tabs defaultValue="in" keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="in">Enrolments</Tabs.Tab>
            <Tabs.Tab value="not">Did not enter</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="in">
            <Enrolments journey={journey} />
          </Tabs.Panel>
          <Tabs.Panel value="not">
            <Refusals journey={journey} />
          </Tabs.Panel>
        </Tabs>
      </Card>
    </Page>
  );
}

function Versions({ journey }: { journey: Journey }) {
  return (
    <Card component="section" aria-label="Versions" padding="md">
      <Title order={2} size="h3" mb="xs">
        Versions
      </Title>
      {journey.versions.length === 0 ? (
        <Text size="sm" c="dimmed">
          Never published.
        </Text>
      ) : (
        <ul className={styles.plain}>
          {[...journey.versions].reverse().map((version) => (
            <li key={version.number}>
              <Text size="sm">
                Version {version.number}
                {version.number === journey.version ? ", the one customers enter" : ""}
                <Text component="span" size="xs" c="dimmed" display="block">
                  published <Instant at={version.published_at} />
                </Text>
              </Text>
            </li>
          ))}
        </ul>
      )}
      <Text size="xs" c="dimmed" mt="xs">
        Whoever is inside stays on the version they entered. Draft saved <Ago at={journey.updated_at} />.
      </Text>
    </Card>
  );
}

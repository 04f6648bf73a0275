import { Alert, Button, Card, Group, Skeleton, Text } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type LifecycleOverview, useResource } from "@/api";
import { Ago, EmptyState, IconLifecycle, Instant, Loaded, Page, ProblemNotice, StageColours } from "@/design";
import { count } from "@/lib/format";
import { searchText } from "@/lib/search";
import { FlowTable } from "./FlowTable";
import classes from "./Lifecycle.module.css";
import { LoopView } from "./LoopView";
import { StageList } from "./StageList";
import { StageTable } from "./StageTable";

export default function LifecyclePage() {
  const overview = useResource("/api/lifecycle", { refreshEvery: 5_000 });
  return (
    <Loaded
      query={overview}
      failed={(problem, retry) => (
        <Page title="Lifecycle">
          {problem.status === 404 ? <NoneActive /> : <ProblemNotice problem={problem} retry={retry} />}
        </Page>
      )}
      waiting={<Waiting />}
      isEmpty={(data) => data.total === 0}
      empty={<NobodyYet />}
    >
      {(data) => <Overview data={data} />}
    </Loaded>
  );
}

function Overview({ data }: { data: LifecycleOverview }) {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const [pointed, point] = useState<string | null>(null);
  const asked = searchText(search.stage);
  const chosen = data.stages.some((stage) => stage.slug === asked) ? (asked ?? null) : null;
  const choose = (slug: string) =>
    void navigate({
      to: "/",
      search: slug === chosen ? {} : { stage: slug },
      replace: true,
      resetScroll: false,
    });
  return (
    <StageColours order={data.stages.map((stage) => stage.slug)}>
      <Page
        title="Lifecycle"
        lead={
          <>
            {data.lifecycle.name}. Where {count(data.total)} customers are now, and how they moved in the last{" "}
            {data.window_days} days.
          </>
        }
        actions={
          <Button component={Link} to="/lifecycles" variant="default">
            Models
          </Button>
        }
      >
        {data.state === "filling" ? (
          <Alert color="yellow" variant="light" title="Working through the history" role="status">
            Stages are being settled for every customer. The numbers below grow until that is done.
          </Alert>
        ) : null}
        <Card padding={0} className={classes.face}>
          <div className={classes.loop}>
            <LoopView data={data} chosen={chosen} pointed={pointed} choose={choose} point={point} />
            <Text size="xs" c="dimmed" className={classes.asof}>
              As of <Instant at={data.as_of} /> (<Ago at={data.as_of} />)
            </Text>
          </div>
          <StageList data={data} chosen={chosen} pointed={pointed} choose={choose} point={point} />
        </Card>
        <StageTable data={data} />
        <FlowTable data={data} />
      </Page>
    </StageColours>
  );
}

function Waiting() {
  return (
    <Page title="Lifecycle" lead={<Skeleton height={16} width={320} mt={6} />}>
      <Card padding={0} className={classes.face} role="status" aria-label="Loading">
        <div className={classes.loop}>
          <div className={classes.ghost}>
            <Skeleton circle height="100%" />
          </div>
        </div>
        <div className={classes.list}>
          {[1, 2, 3, 4, 5, 6].map((row) => (
            <Skeleton key={row} height={52} m="sm" w="auto" />
          ))}
        </div>
      </Card>
    </Page>
  );
}

function NoneActive() {
  return (
    <Card>
      <EmptyState
        title="No lifecycle is active"
        icon={<IconLifecycle size={40} stroke={1.4} />}
        action={
          <Button component={Link} to="/lifecycles">
            Choose a model
          </Button>
        }
      >
        A lifecycle says which stages a customer goes through and which rule puts them there. Several are
        ready to use.
      </EmptyState>
    </Card>
  );
}

function NobodyYet() {
  return (
    <Page title="Lifecycle">
      <Card>
        <EmptyState
          title="Nobody here yet"
          icon={<IconLifecycle size={40} stroke={1.4} />}
          action={
            <Group justify="center">
              <Button component={Link} to="/settings/keys">
                Get the write key
              </Button>
              <Button component={Link} to="/settings/imports" variant="default">
                Import history
              </Button>
            </Group>
          }
        >
          Send the first event, or import the orders you have. Customers appear here in their stage within a
          second.
        </EmptyState>
      </Card>
    </Page>
  );
}

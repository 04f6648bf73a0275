import { Alert, Card, Group, Tabs, Text } from "@mantine/core";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type Customer, path, useResource } from "@/api";
import { Ago, BackLink, CopyText, Instant, LoadedPage, Page, StageBadge } from "@/design";
import { Consents } from "./Consents";
import styles from "./customers.module.css";
import { Enrolments } from "./Enrolments";
import { Identifiers } from "./Facts";
import { Lists } from "./Lists";
import { Merges } from "./Merges";
import { Messages } from "./Messages";
import { customerName } from "./names";
import { Pulse, PulseBadge } from "./Pulse";
import { Timeline } from "./Timeline";
import { Traits } from "./Traits";
import { WhyAudiences } from "./WhyAudiences";
import { WhyThisStage } from "./WhyThisStage";

const TABS = ["timeline", "messages", "journeys"] as const;
type Tab = (typeof TABS)[number];

export default function CustomerPage() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const customer = useResource(path("/api/customers/{customer_id}", id));
  return (
    <LoadedPage query={customer} title="Customer" above={<BackLink to="/customers">Customers</BackLink>}>
      {(found) => <CustomerView customer={found} asked={id} />}
    </LoadedPage>
  );
}

function CustomerView({ customer, asked }: { customer: Customer; asked: string }) {
  const name = customerName(customer);
  return (
    <Page
      above={<BackLink to="/customers">Customers</BackLink>}
      title={name}
      lead={<Lead customer={customer} name={name} />}
    >
      {asked === customer.id ? null : (
        <Alert color="yellow" variant="light" title="This customer was merged">
          The address you followed belongs to a customer who turned out to be this one. See Merges below.
        </Alert>
      )}
      <div className={styles.columns}>
        <div className={styles.why}>
          <WhyThisStage customer={customer} />
        </div>
        <div className={styles.main}>
          <Passages customer={customer} />
        </div>
        <div className={styles.facts}>
          <Pulse customer={customer} />
          <WhyAudiences customer={customer} />
          <Lists customer={customer} />
          <Traits customer={customer} />
          <Identifiers customer={customer} />
          <Consents customer={customer} />
          <Merges customer={customer} />
        </div>
      </div>
    </Page>
  );
}

function Lead({ customer, name }: { customer: Customer; name: string }) {
  return (
    <>
      {customer.email && customer.email !== name ? (
        <Text component="span" style={{ overflowWrap: "anywhere" }}>
          {customer.email}
        </Text>
      ) : null}
      <Group gap="xs" mt={6} c="var(--mantine-color-text)">
        <StageBadge stage={customer.stage} />
        {customer.stage ? (
          <Text size="sm" c="dimmed">
            since <Instant at={customer.stage.since} />
          </Text>
        ) : null}
        {customer.pulse ? <PulseBadge pulse={customer.pulse} /> : null}
      </Group>
      <Text size="sm" mt={6}>
        First seen <Instant at={customer.first_seen_at} /> · last seen <Ago at={customer.last_seen_at} />
      </Text>
      <details style={{ marginTop: 4 }}>
        <summary style={{ cursor: "pointer", fontSize: "var(--mantine-font-size-sm)" }}>Customer id</summary>
        <CopyText text={customer.id} />
      </details>
    </>
  );
}

/** What happened, what was sent, where they travel: the tab is in the address. */
function Passages({ customer }: { customer: Customer }) {
  const search = useSearch({ strict: false }) as { tab?: Tab };
  const navigate = useNavigate();
  const tab = TABS.find((each) => each === search.tab) ?? "timeline";
  const to = `/customers/${customer.id}`;
  const choose = (next: string | null) =>
    void navigate({
      to,
      search: next === "timeline" ? {} : { tab: next },
      replace: true,
      resetScroll: false,
    });
  return (
    <Card>
      <Tabs value={tab} onChange={choose} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="timeline">Timeline</Tabs.Tab>
          <Tabs.Tab value="messages">Messages</Tabs.Tab>
          <Tabs.Tab value="journeys">Journeys</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="timeline">
          <Timeline customer={customer.id} />
        </Tabs.Panel>
        <Tabs.Panel value="messages">
          <Messages customer={customer.id} />
        </Tabs.Panel>
        <Tabs.Panel value="journeys">
          <Enrolments customer={customer.id} />
        </Tabs.Panel>
      </Tabs>
    </Card>
  );
}

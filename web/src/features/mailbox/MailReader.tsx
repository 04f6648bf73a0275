import { Anchor, Button, Table, Tabs, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type MailDetail, path, useResource } from "@/api";
import { IconBack, Instant, Loaded, Waiting } from "@/design";
import styles from "./mailbox.module.css";

/** One mail, in the parts a mail reader hides: HTML, text, links, headers. */
export function MailReader({ id, back }: { id: string; back: () => void }) {
  const mail = useResource(path("/api/mailbox/{mail_id}", id));
  return (
    <>
      <Button
        className={styles.back}
        size="compact-sm"
        variant="subtle"
        leftSection={<IconBack size={14} stroke={1.7} aria-hidden />}
        onClick={back}
      >
        All mails
      </Button>
      <Loaded query={mail} waiting={<Waiting lines={8} />}>
        {(found) => <Read mail={found} />}
      </Loaded>
    </>
  );
}

function Read({ mail }: { mail: MailDetail }) {
  return (
    <>
      <Title order={2} size="h3" style={{ overflowWrap: "anywhere" }}>
        {mail.subject || "(no subject)"}
      </Title>
      <dl className={styles.envelope}>
        <dt>From</dt>
        <dd>{mail.from}</dd>
        <dt>To</dt>
        <dd>
          {mail.to.join(", ")}
          {mail.customer_id ? (
            <Anchor
              component={Link}
              to={`/customers/${mail.customer_id}`}
              size="sm"
              ml="xs"
              underline="always"
            >
              see the customer
            </Anchor>
          ) : null}
        </dd>
        <dt>Caught</dt>
        <dd>
          <Instant at={mail.at} />
        </dd>
        {mail.unsubscribe_url ? (
          <>
            <dt>Unsubscribe</dt>
            <dd>
              <Away href={mail.unsubscribe_url} />
            </dd>
          </>
        ) : null}
      </dl>
      <Tabs defaultValue={mail.has_html ? "html" : "text"} keepMounted={false}>
        <Tabs.List mb="sm">
          {mail.has_html ? <Tabs.Tab value="html">HTML</Tabs.Tab> : null}
          <Tabs.Tab value="text">Text</Tabs.Tab>
          <Tabs.Tab value="links">Links</Tabs.Tab>
          <Tabs.Tab value="headers">Headers</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="html">
          {/* Links open beside this page; scripts, forms and this page's own cookies stay out of reach. */}
          <iframe
            title="The mail as HTML"
            className={styles.frame}
            sandbox="allow-popups allow-popups-to-escape-sandbox"
            src={path("/api/mailbox/{mail_id}/html", mail.id)}
          />
        </Tabs.Panel>
        <Tabs.Panel value="text">
          {mail.text ? (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and without a stop the keyboard could not.
            <pre className={styles.text} tabIndex={0}>
              {mail.text}
            </pre>
          ) : (
            <Text size="sm" c="dimmed">
              This mail has no text part.
            </Text>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="links">
          <Links links={mail.links} />
        </Tabs.Panel>
        <Tabs.Panel value="headers">
          <Headers headers={mail.headers} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function Away({ href }: { href: string }) {
  return (
    <Anchor href={href} target="_blank" rel="noreferrer" size="sm" style={{ overflowWrap: "anywhere" }}>
      {href}
    </Anchor>
  );
}

function Links({ links }: { links: string[] }) {
  if (links.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        This mail links nowhere.
      </Text>
    );
  }
  return (
    <ul className={styles.links}>
      {[...new Set(links)].map((link) => (
        <li key={link}>
          <Away href={link} />
        </li>
      ))}
    </ul>
  );
}

function Headers({ headers }: { headers: MailDetail["headers"] }) {
  return (
    <Table.ScrollContainer minWidth={0} type="native">
      <Table verticalSpacing={4} fz="sm">
        <Table.Tbody>
          {headers.map(([name, value], index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a header can stand twice with the same value, and the list never moves
            <Table.Tr key={index}>
              <Table.Th scope="row" className={styles.headerName}>
                {name}
              </Table.Th>
              <Table.Td className={styles.headerValue}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

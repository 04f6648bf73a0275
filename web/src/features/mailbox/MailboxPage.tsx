import { Alert, Card, Code, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useList } from "@/api";
import { EmptyState, IconMail, Loaded, Page, Waiting } from "@/design";
import { searchText } from "@/lib/search";
import { MailList } from "./MailList";
import { MailReader } from "./MailReader";
import styles from "./mailbox.module.css";

const refresh_ms = 3_000;

/** The mail Regulars caught instead of sending: a list, and beside it the one being read. */
export default function MailboxPage() {
  const mails = useList("/api/mailbox", { refreshEvery: refresh_ms });
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const read = searchText(search.mail);
  const open = (mail: string | undefined) =>
    void navigate({ to: "/mailbox", search: { mail } as never, resetScroll: false });
  return (
    <Page title="Mailbox" lead="E-mail this server made and caught, as its readers would get it.">
      <Loaded
        query={mails}
        waiting={<Waiting lines={8} />}
        empty={<Nothing catching={mails.data?.catching ?? false} />}
      >
        {(list) => (
          <>
            {list.catching ? null : (
              <Alert color="yellow" variant="light" title="Mail goes out now">
                An SMTP server is set, so new mail is sent to it and no longer caught. These were caught
                before.
              </Alert>
            )}
            <div className={styles.columns} data-reading={read !== undefined || undefined}>
              <Card padding={0} className={styles.list}>
                <MailList
                  mails={list.items}
                  read={read}
                  open={open}
                  hasMore={mails.hasNextPage}
                  loadingMore={mails.isFetchingNextPage}
                  loadMore={() => void mails.fetchNextPage()}
                />
              </Card>
              <Card padding="md" className={styles.reader}>
                {read ? (
                  <MailReader key={read} id={read} back={() => open(undefined)} />
                ) : (
                  <Text c="dimmed" ta="center" py={64}>
                    Choose a mail to read it.
                  </Text>
                )}
              </Card>
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Nothing({ catching }: { catching: boolean }) {
  return (
    <Card>
      {catching ? (
        <EmptyState title="Nothing caught yet" icon={<IconMail size={36} stroke={1.5} />}>
          No SMTP server is set, so Regulars catches its own mail here instead of sending it. Publish a
          journey that sends, let a customer enter it, and the e-mail shows up within seconds. Links, opens
          and unsubscribing work for real.
        </EmptyState>
      ) : (
        <EmptyState title="Mail goes out" icon={<IconMail size={36} stroke={1.5} />}>
          An SMTP server is set, so mail is sent there and nothing is caught. Start without{" "}
          <Code>REGULARS_SMTP_URL</Code> to catch mail here; what became of each message is on its customer's
          page.
        </EmptyState>
      )}
    </Card>
  );
}

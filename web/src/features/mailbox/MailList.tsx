import { Button, Text, UnstyledButton } from "@mantine/core";
import type { Mail } from "@/api";
import { Ago } from "@/design";
import styles from "./mailbox.module.css";

export function MailList({
  mails,
  read,
  open,
  hasMore,
  loadingMore,
  loadMore,
}: {
  mails: Mail[];
  read: string | undefined;
  open: (id: string) => void;
  hasMore: boolean;
  loadingMore: boolean;
  loadMore: () => void;
}) {
  return (
    <>
      <ul className={styles.mails} aria-label="Mails">
        {mails.map((mail) => (
          <li key={mail.id}>
            <UnstyledButton
              className={styles.mail}
              aria-current={mail.id === read ? "true" : undefined}
              onClick={() => open(mail.id)}
            >
              <span className={styles.line}>
                <Text component="span" size="sm" fw={600} truncate>
                  {mail.to.join(", ")}
                </Text>
                <Text component="span" size="xs" c="dimmed">
                  <Ago at={mail.at} />
                </Text>
              </span>
              <Text component="span" size="sm" display="block" truncate>
                {mail.subject || "(no subject)"}
              </Text>
            </UnstyledButton>
          </li>
        ))}
      </ul>
      {hasMore ? (
        <Button variant="subtle" fullWidth loading={loadingMore} onClick={loadMore}>
          Load older
        </Button>
      ) : null}
    </>
  );
}

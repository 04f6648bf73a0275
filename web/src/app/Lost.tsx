import { Button, Container } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Link } from "@tanstack/react-router";
import { EmptyState, IconSearch, Page, ProblemNotice } from "@/design";

/** An address that no page has. */
export function Lost() {
  return (
    <EmptyState
      title="No such page"
      icon={<IconSearch size={36} stroke={1.5} />}
      action={
        <Button component={Link} to="/" variant="default">
          Go to Lifecycle
        </Button>
      }
    >
      The address may be mistyped, or what it showed is gone.
    </EmptyState>
  );
}

/** A page that failed while drawing. The rest of the app stays usable. */
export function Broken({ error, reset }: ErrorComponentProps) {
  return (
    <Container size="sm" py="xl">
      <Page title="This page broke">
        <ProblemNotice problem={error} retry={reset} />
      </Page>
    </Container>
  );
}

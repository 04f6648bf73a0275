import { Button, Container } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Link } from "@tanstack/react-router";
import { Page, ProblemNotice } from "@/design";

/** An address that no page has. */
export function Lost() {
  return (
    <Page title="No such page" lead="The address may be mistyped, or what it showed is gone.">
      <div>
        <Button component={Link} to="/" variant="default">
          Go to Lifecycle
        </Button>
      </div>
    </Page>
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

import { AppShell, Burger, Drawer, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet, useLocation, useMatches } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Problem } from "@/api";
import { useResource, useSession } from "@/api";
import { Brand, Loaded, Page, ProblemNotice, StageColours, Waiting } from "@/design";
import { DemoNote } from "./DemoNote";
import { MemberMenu } from "./MemberMenu";
import { Navigation } from "./Navigation";
import classes from "./Shell.module.css";

/** The frame of every signed-in page: navigation, member menu, the page itself. */
export function Shell() {
  const session = useSession();
  const [open, drawer] = useDisclosure(false);
  useTitle();
  const main = useFocusOnNavigation(drawer.close);
  return (
    <Loaded
      query={session}
      failed={(problem, retry) =>
        // Signed out: the sign-in page is on its way.
        problem.status === 401 ? null : <Outage problem={problem} retry={retry} />
      }
      waiting={
        <div className={classes.start}>
          <Waiting lines={3} />
        </div>
      }
    >
      {({ member, company, demo }) => (
        <Stages>
          <a className="rg-skip" href="#main">
            Skip to content
          </a>
          <AppShell
            header={{ height: { base: 56, md: 0 } }}
            navbar={{ width: 232, breakpoint: "md", collapsed: { mobile: true } }}
            padding={0}
          >
            <AppShell.Header hiddenFrom="md" className={classes.header}>
              <Group h="100%" px="md" justify="space-between" wrap="nowrap">
                <Group gap="sm" wrap="nowrap">
                  <Burger
                    opened={open}
                    onClick={drawer.toggle}
                    size="sm"
                    aria-label="Menu"
                    aria-expanded={open}
                  />
                  <Brand />
                </Group>
                <MemberMenu member={member} compact />
              </Group>
            </AppShell.Header>
            <AppShell.Navbar className={classes.navbar} component="header" visibleFrom="md">
              <Link to="/" className={classes.brand} aria-label="Regulars, home">
                <Brand />
              </Link>
              <p className={classes.company}>{company.name}</p>
              <Navigation label="Main" />
              <MemberMenu member={member} />
            </AppShell.Navbar>
            <Drawer opened={open} onClose={drawer.close} title={company.name} size={280} hiddenFrom="md">
              <Navigation label="Menu" />
            </Drawer>
            <AppShell.Main id="main" tabIndex={-1} ref={main} className={classes.main}>
              {demo ? <DemoNote note={demo.note} /> : null}
              <div className={classes.page}>
                <Outlet />
              </div>
            </AppShell.Main>
          </AppShell>
        </Stages>
      )}
    </Loaded>
  );
}

function Outage({ problem, retry }: { problem: Problem; retry: () => void }) {
  return (
    <main className={classes.start}>
      <Page title="Regulars cannot be reached">
        <ProblemNotice problem={problem} retry={retry} />
      </Page>
    </main>
  );
}

function Stages({ children }: { children: React.ReactNode }) {
  const models = useResource("/api/lifecycles");
  const active = models.data?.items.find((model) => model.active);
  return <StageColours order={active?.stages.map((stage) => stage.slug) ?? []}>{children}</StageColours>;
}

function useTitle() {
  const title = useMatches({ select: (matches) => matches.at(-1)?.staticData.title });
  useEffect(() => {
    document.title = title ? `${title} · Regulars` : "Regulars";
  }, [title]);
}

/** After a move to another page the keyboard starts at its content, as it would after a page load. */
function useFocusOnNavigation(moved: () => void) {
  const main = useRef<HTMLElement>(null);
  const path = useLocation({ select: (location) => location.pathname });
  const first = useRef(path);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new path is a move.
  useEffect(() => {
    if (first.current === path) return;
    first.current = path;
    moved();
    main.current?.focus({ preventScroll: true });
  }, [path]);
  return main;
}

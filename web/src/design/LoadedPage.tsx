import type { ReactNode } from "react";
import { Loaded, type Query, Waiting } from "./Loaded";
import { Page } from "./Page";
import { ProblemNotice } from "./ProblemNotice";

/** A page about one thing, which has a heading also while the thing is waited for and when it cannot be had. */
export function LoadedPage<Data>({
  query,
  title,
  above,
  children,
}: {
  query: Query<Data>;
  /** What kind of thing it is, said until its own name is known. */
  title: string;
  above?: ReactNode;
  children: (data: Data) => ReactNode;
}) {
  return (
    <Loaded
      query={query}
      waiting={
        <Page title={title} above={above}>
          <Waiting lines={8} />
        </Page>
      }
      failed={(problem, retry) => (
        <Page title={title} above={above}>
          <ProblemNotice problem={problem} retry={retry} />
        </Page>
      )}
    >
      {children}
    </Loaded>
  );
}

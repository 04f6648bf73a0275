import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page } from "@/design";
import classes from "./SettingsFrame.module.css";

const PARTS = [
  { to: "/settings", name: "Company" },
  { to: "/settings/keys", name: "Keys" },
  { to: "/settings/members", name: "Members" },
  { to: "/settings/imports", name: "Imports" },
  { to: "/settings/rejections", name: "Rejected events" },
  { to: "/settings/audit", name: "Audit" },
];

type Props = { title: string; lead?: ReactNode; actions?: ReactNode; children: ReactNode };

/** A settings page under the row of all of them. */
export function SettingsFrame({ title, lead, actions, children }: Props) {
  return (
    <>
      <nav aria-label="Settings" className={classes.parts}>
        {PARTS.map(({ to, name }) => (
          <Link
            key={to}
            to={to}
            className={classes.part}
            activeOptions={{ exact: true, includeSearch: false }}
          >
            {name}
          </Link>
        ))}
      </nav>
      <Page title={title} lead={lead} actions={actions}>
        {children}
      </Page>
    </>
  );
}

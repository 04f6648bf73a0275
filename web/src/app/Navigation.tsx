import { Link } from "@tanstack/react-router";
import {
  IconAudiences,
  IconCustomers,
  IconJourneys,
  IconLifecycle,
  IconMail,
  IconSettings,
  IconSystem,
} from "@/design";
import classes from "./Navigation.module.css";

const PLACES = [
  { to: "/", name: "Lifecycle", icon: IconLifecycle },
  { to: "/customers", name: "Customers", icon: IconCustomers },
  { to: "/audiences", name: "Audiences", icon: IconAudiences },
  { to: "/journeys", name: "Journeys", icon: IconJourneys },
  { to: "/mailbox", name: "Mailbox", icon: IconMail },
  { to: "/settings", name: "Settings", icon: IconSettings },
  { to: "/system", name: "System", icon: IconSystem },
];

export function Navigation({ label }: { label: string }) {
  return (
    <nav aria-label={label} className={classes.nav}>
      {PLACES.map(({ to, name, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className={classes.link}
          activeOptions={{ exact: to === "/", includeSearch: false }}
        >
          <Icon size={20} stroke={1.7} aria-hidden />
          {name}
        </Link>
      ))}
    </nav>
  );
}

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  type RouteComponent,
} from "@tanstack/react-router";
import { routes as audiences } from "@/features/audiences/routes";
import { routes as customers } from "@/features/customers/routes";
import { routes as journeys } from "@/features/journeys/routes";
import { routes as lifecycle } from "@/features/lifecycle/routes";
import { routes as mailbox } from "@/features/mailbox/routes";
import { routes as session } from "@/features/session/routes";
import { routes as settings } from "@/features/settings/routes";
import { routes as system } from "@/features/system/routes";
import type { FeatureRoute } from "@/lib/routes";
import { Broken, Lost } from "./Lost";
import { Shell } from "./Shell";

/** Pages inside the shell: a signed-in member's. Those of `session` stand alone. */
const inside: FeatureRoute[] = [
  ...lifecycle,
  ...customers,
  ...audiences,
  ...journeys,
  ...mailbox,
  ...settings,
  ...system,
];

const lazy = (route: FeatureRoute): RouteComponent => lazyRouteComponent(route.load);

export function makeRouter() {
  const root = createRootRoute({ component: Outlet, errorComponent: Broken });
  const shell = createRoute({
    getParentRoute: () => root,
    id: "shell",
    component: Shell,
    notFoundComponent: Lost,
  });
  const mount = (parent: typeof root | typeof shell, route: FeatureRoute) =>
    createRoute({
      getParentRoute: () => parent as typeof root,
      path: route.path,
      component: lazy(route),
      errorComponent: Broken,
      staticData: { title: route.title },
    });
  const lost = createRoute({ getParentRoute: () => shell, path: "$", component: Lost });
  shell.addChildren([...inside.map((route) => mount(shell, route)), lost]);
  return createRouter({
    routeTree: root.addChildren([shell, ...session.map((route) => mount(root, route))]),
    scrollRestoration: true,
    defaultPreload: "intent",
  });
}

declare module "@tanstack/react-router" {
  interface StaticDataRouteOption {
    title?: string;
  }
}

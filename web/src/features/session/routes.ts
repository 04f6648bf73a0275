import type { FeatureRoute } from "@/lib/routes";

export const routes: FeatureRoute[] = [
  { path: "/sign-in", title: "Sign in", load: () => import("./SignInPage") },
  { path: "/setup", title: "Set up", load: () => import("./SetupPage") },
];

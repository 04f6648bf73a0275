import type { FeatureRoute } from "@/lib/routes";

export const routes: FeatureRoute[] = [
  { path: "/system", title: "System", load: () => import("./SystemPage") },
];

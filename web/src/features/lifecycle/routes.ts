import type { FeatureRoute } from "@/lib/routes";

export const routes: FeatureRoute[] = [
  { path: "/", title: "Lifecycle", load: () => import("./LifecyclePage") },
  { path: "/lifecycles", title: "Lifecycle models", load: () => import("./ModelsPage") },
];

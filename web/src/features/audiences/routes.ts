import type { FeatureRoute } from "@/lib/routes";

export const routes: FeatureRoute[] = [
  { path: "/audiences", title: "Audiences", load: () => import("./AudiencesPage") },
  { path: "/audiences/new", title: "New audience", load: () => import("./NewAudiencePage") },
  { path: "/audiences/$slug", title: "Audience", load: () => import("./AudiencePage") },
  { path: "/audiences/$slug/edit", title: "Edit audience", load: () => import("./EditAudiencePage") },
];

import type { FeatureRoute } from "@/lib/routes";

export const routes: FeatureRoute[] = [
  { path: "/audiences", title: "Audiences", load: () => import("./AudiencesPage") },
  { path: "/audiences/new", title: "New audience", load: () => import("./NewAudiencePage") },
  { path: "/audiences/lists", title: "Lists", load: () => import("./lists/ListsPage") },
  { path: "/audiences/lists/$slug", title: "List", load: () => import("./lists/ListPage") },
  { path: "/audiences/$slug", title: "Audience", load: () => import("./AudiencePage") },
  { path: "/audiences/$slug/edit", title: "Edit audience", load: () => import("./EditAudiencePage") },
];

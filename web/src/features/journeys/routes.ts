import type { FeatureRoute } from "@/lib/routes";

export const routes: FeatureRoute[] = [
  { path: "/journeys", title: "Journeys", load: () => import("./JourneysPage") },
  { path: "/journeys/new", title: "New journey", load: () => import("./editor/NewJourneyPage") },
  { path: "/journeys/templates", title: "Templates", load: () => import("./templates/TemplatesPage") },
  {
    path: "/journeys/templates/new",
    title: "New template",
    load: () => import("./templates/NewTemplatePage"),
  },
  { path: "/journeys/templates/$slug", title: "Template", load: () => import("./templates/TemplatePage") },
  { path: "/journeys/$slug", title: "Journey", load: () => import("./JourneyPage") },
  { path: "/journeys/$slug/edit", title: "Edit journey", load: () => import("./editor/EditJourneyPage") },
];

import type { FeatureRoute } from "@/lib/routes";

export const routes: FeatureRoute[] = [
  { path: "/settings", title: "Settings", load: () => import("./CompanyPage") },
  { path: "/settings/keys", title: "Keys", load: () => import("./KeysPage") },
  { path: "/settings/members", title: "Members", load: () => import("./MembersPage") },
  { path: "/settings/imports", title: "Imports", load: () => import("./ImportsPage") },
  { path: "/settings/rejections", title: "Rejected events", load: () => import("./RejectionsPage") },
  { path: "/settings/audit", title: "Audit", load: () => import("./AuditPage") },
];

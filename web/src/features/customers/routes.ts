import type { FeatureRoute } from "@/lib/routes";

export const routes: FeatureRoute[] = [
  { path: "/customers", title: "Customers", load: () => import("./CustomersPage") },
  { path: "/customers/$id", title: "Customer", load: () => import("./CustomerPage") },
];

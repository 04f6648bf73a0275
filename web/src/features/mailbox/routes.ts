import type { FeatureRoute } from "@/lib/routes";

export const routes: FeatureRoute[] = [
  { path: "/mailbox", title: "Mailbox", load: () => import("./MailboxPage") },
];

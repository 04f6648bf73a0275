// Says everything Segment's Node library can say to the event API at URL with the write key KEY, and waits until it is delivered.
import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ writeKey: process.env.KEY, host: process.env.URL, maxRetries: 0, flushInterval: 100 });
const failures = [];
analytics.on("error", (error) => failures.push(String(error.reason?.message ?? error.code)));

analytics.identify({ userId: "ana", traits: { email: "ana@example.com", plan: "pro" } });
analytics.track({ userId: "ana", event: "Order Completed", properties: { total: 27.5 } });
analytics.page({ userId: "ana", name: "Install", category: "Docs", properties: { url: "https://shop.example/docs" } });
analytics.screen({ userId: "ana", name: "Home" });
analytics.group({ userId: "ana", groupId: "acme", traits: { name: "Acme" } });
analytics.alias({ userId: "ana", previousId: "anon-1" });
analytics.track({ anonymousId: "anon-9", event: "Product Viewed" });
await analytics.closeAndFlush();
console.log(JSON.stringify(failures));

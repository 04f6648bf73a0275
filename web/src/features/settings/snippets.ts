export type Snippet = { value: string; label: string; code: string };

/** Ready to paste: the official Segment clients, pointed at this server. */
export function snippets(writeKey: string, origin: string): Snippet[] {
  const { host, protocol } = new URL(origin);
  return [
    {
      value: "python",
      label: "Python",
      code: `# pip install segment-analytics-python
import segment.analytics as analytics

analytics.write_key = "${writeKey}"
analytics.host = "${origin}"

analytics.identify("user-1", {"email": "ada@example.com", "name": "Ada"})
analytics.track("user-1", "Order Completed", {"order_id": "1001", "revenue": 49.90})
analytics.flush()`,
    },
    {
      value: "node",
      label: "Node",
      code: `// npm install @segment/analytics-node
import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ writeKey: "${writeKey}", host: "${origin}" });

analytics.identify({ userId: "user-1", traits: { email: "ada@example.com", name: "Ada" } });
analytics.track({ userId: "user-1", event: "Order Completed", properties: { order_id: "1001", revenue: 49.9 } });
await analytics.closeAndFlush();`,
    },
    {
      value: "browser",
      label: "Browser",
      code: `// npm install @segment/analytics-next
import { AnalyticsBrowser } from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load({
  writeKey: "${writeKey}",
  cdnSettings: {
    integrations: {
      "Segment.io": { apiKey: "${writeKey}", apiHost: "${host}/v1", protocol: "${protocol.replace(":", "")}" },
    },
  },
});

analytics.page();
analytics.track("Product Viewed", { product_id: "42" });`,
    },
    {
      value: "curl",
      label: "curl",
      code: `curl ${origin}/v1/track -u ${writeKey}: -H 'Content-Type: application/json' \\
  -d '{"userId": "user-1", "event": "Order Completed", "properties": {"order_id": "1001", "revenue": 49.9}}'`,
    },
  ];
}

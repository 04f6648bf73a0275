import type { Template } from "@/api";

/** What the API takes for a template. */
export type Draft = Pick<Template, "name" | "subject" | "body" | "purpose"> & {
  topic: string;
  text: string | null;
};

const first_body = `<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text font-size="18px">Hello {{ customer.name | default: "there" }},</mj-text>
        <mj-text>good to have you.</mj-text>
        <mj-button href="https://example.com">Have a look</mj-button>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
`;

/** Until somebody says otherwise: every template has a topic, for consent is given by topic. */
export const usualTopic: Record<Template["purpose"], string> = {
  marketing: "marketing",
  transactional: "orders",
};

export const draftOf = (template: Template | null): Draft => ({
  name: template?.name ?? "",
  subject: template?.subject ?? "",
  body: template?.body ?? first_body,
  text: template?.text ?? null,
  purpose: template?.purpose ?? "marketing",
  topic: template?.topic ?? usualTopic[template?.purpose ?? "marketing"],
});

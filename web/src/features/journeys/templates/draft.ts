import type { Template } from "@/api";

/** What the API takes for a template. */
export type Draft = Pick<Template, "name" | "subject" | "body" | "purpose" | "topic"> & {
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

export const draftOf = (template: Template | null): Draft => ({
  name: template?.name ?? "",
  subject: template?.subject ?? "",
  body: template?.body ?? first_body,
  text: template?.text ?? null,
  purpose: template?.purpose ?? "marketing",
  topic: template === null ? "marketing" : template.topic,
});

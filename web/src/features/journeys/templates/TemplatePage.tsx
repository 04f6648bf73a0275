import { useParams } from "@tanstack/react-router";
import { path, type Template, useResource } from "@/api";
import { Loaded, Waiting } from "@/design";
import { TemplateEditor } from "./TemplateEditor";

export default function TemplatePage() {
  const { slug = "" } = useParams({ strict: false }) as { slug?: string };
  const template = useResource<Template>(path("templates", slug));
  return (
    <Loaded query={template} waiting={<Waiting lines={8} />}>
      {(found) => <TemplateEditor key={found.slug} template={found} />}
    </Loaded>
  );
}

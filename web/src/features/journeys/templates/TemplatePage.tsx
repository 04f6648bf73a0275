import { useParams } from "@tanstack/react-router";
import { path, useResource } from "@/api";
import { BackLink, LoadedPage } from "@/design";
import { TemplateEditor } from "./TemplateEditor";

export default function TemplatePage() {
  const { slug = "" } = useParams({ strict: false }) as { slug?: string };
  const template = useResource(path("/api/templates/{slug}", slug));
  return (
    <LoadedPage
      query={template}
      title="Template"
      above={<BackLink to="/journeys/templates">Templates</BackLink>}
    >
      {(found) => <TemplateEditor key={found.slug} template={found} />}
    </LoadedPage>
  );
}

import { useParams } from "@tanstack/react-router";
import { path, useResource } from "@/api";
import { BackLink, LoadedPage } from "@/design";
import { AudienceEditor } from "./AudienceEditor";

export default function EditAudiencePage() {
  const { slug = "" } = useParams({ strict: false }) as { slug?: string };
  const audience = useResource(path("/api/audiences/{slug}", slug));
  return (
    <LoadedPage query={audience} title="Edit audience" above={<BackLink to="/audiences">Audiences</BackLink>}>
      {(found) => <AudienceEditor key={found.slug} audience={found} />}
    </LoadedPage>
  );
}

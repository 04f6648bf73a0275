import { useParams } from "@tanstack/react-router";
import { type Audience, path, useResource } from "@/api";
import { Loaded, Waiting } from "@/design";
import { AudienceEditor } from "./AudienceEditor";

export default function EditAudiencePage() {
  const { slug = "" } = useParams({ strict: false }) as { slug?: string };
  const audience = useResource<Audience>(path("audiences", slug));
  return (
    <Loaded query={audience} waiting={<Waiting lines={8} />}>
      {(found) => <AudienceEditor key={found.slug} audience={found} />}
    </Loaded>
  );
}

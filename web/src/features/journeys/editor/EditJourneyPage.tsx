import { useParams } from "@tanstack/react-router";
import { path, useResource } from "@/api";
import { BackLink, LoadedPage } from "@/design";
import { JourneyEditor } from "./JourneyEditor";

export default function EditJourneyPage() {
  const { slug = "" } = useParams({ strict: false }) as { slug?: string };
  const journey = useResource(path("/api/journeys/{slug}", slug));
  return (
    <LoadedPage query={journey} title="Edit journey" above={<BackLink to="/journeys">Journeys</BackLink>}>
      {(found) => <JourneyEditor key={found.slug} journey={found} />}
    </LoadedPage>
  );
}

import { useParams } from "@tanstack/react-router";
import { type Journey, path, useResource } from "@/api";
import { Loaded, Waiting } from "@/design";
import { JourneyEditor } from "./JourneyEditor";

export default function EditJourneyPage() {
  const { slug = "" } = useParams({ strict: false }) as { slug?: string };
  const journey = useResource<Journey>(path("journeys", slug));
  return (
    <Loaded query={journey} waiting={<Waiting lines={8} />}>
      {(found) => <JourneyEditor key={found.slug} journey={found} />}
    </Loaded>
  );
}

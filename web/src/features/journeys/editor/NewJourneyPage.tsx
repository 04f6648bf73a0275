import { JourneyEditor } from "./JourneyEditor";

export default function NewJourneyPage() {
  return <JourneyEditor journey={null} />;
}

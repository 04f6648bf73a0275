import { AudienceEditor } from "./AudienceEditor";

export default function NewAudiencePage() {
  return <AudienceEditor audience={null} />;
}

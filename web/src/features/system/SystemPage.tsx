import { useResource } from "@/api";
import { LoadedPage, Page } from "@/design";
import { Figures } from "./Figures";
import { Findings } from "./Findings";
import { Processes } from "./Processes";
import { Rejections } from "./Rejections";

const refresh_ms = 5_000;
const LEAD = "How this installation is doing, and what it could not work in.";

export default function SystemPage() {
  const system = useResource("/api/system", { refreshEvery: refresh_ms });
  return (
    <LoadedPage query={system} title="System">
      {(seen) => (
        <Page title="System" lead={LEAD}>
          <Findings system={seen} />
          <Figures system={seen} />
          <Rejections system={seen} />
          <Processes system={seen} />
        </Page>
      )}
    </LoadedPage>
  );
}

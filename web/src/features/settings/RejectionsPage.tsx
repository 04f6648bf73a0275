import { useList } from "@/api";
import { EmptyState, REJECTED } from "@/design";
import { ListPage } from "./ListPage";

const COLUMNS = [REJECTED.at, REJECTED.reason, REJECTED.code, REJECTED.body];

export default function RejectionsPage() {
  const list = useList("/api/rejections", { refreshEvery: 5_000 });
  return (
    <ListPage
      title="Rejected events"
      lead="What was sent and could not be taken in, each with its reason. Nothing is dropped in silence."
      list={list}
      columns={COLUMNS}
      empty={<EmptyState title="Nothing was rejected">Every event that arrived could be read.</EmptyState>}
    />
  );
}

import { Badge } from "@mantine/core";
import { type Member, useList } from "@/api";
import { type Column, EmptyState } from "@/design";
import { ListPage } from "./ListPage";

const COLUMNS: Column<Member>[] = [
  { key: "name", title: "Name", heads: true, cell: (member) => member.name },
  { key: "email", title: "E-mail", cell: (member) => member.email },
  {
    key: "role",
    title: "Role",
    cell: (member) => <Badge variant="light">{member.role}</Badge>,
  },
];

export default function MembersPage() {
  const list = useList("/api/members");
  return (
    <ListPage
      title="Members"
      lead="Colleagues who sign in to Regulars."
      list={list}
      columns={COLUMNS}
      empty={<EmptyState title="No members">The first one comes through the set-up link.</EmptyState>}
    />
  );
}

import { Badge } from "@mantine/core";
import type { Member } from "@/api";
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
  return (
    <ListPage
      title="Members"
      lead="Colleagues who sign in to Regulars."
      url="/api/members"
      columns={COLUMNS}
      empty={<EmptyState title="No members">The first one comes through the set-up link.</EmptyState>}
    />
  );
}

import { Anchor, Badge, Button, Card } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type TemplateRow, useList } from "@/api";
import {
  Ago,
  BackLink,
  type Column,
  DataTable,
  EmptyState,
  IconMail,
  IconPlus,
  Loaded,
  Page,
  Waiting,
} from "@/design";

const COLUMNS: Column<TemplateRow>[] = [
  {
    key: "name",
    title: "Template",
    heads: true,
    cell: (template) => (
      <Anchor component={Link} to={`/journeys/templates/${template.slug}`} fw={600}>
        {template.name}
      </Anchor>
    ),
  },
  { key: "subject", title: "Subject", wide: true, cell: (template) => template.subject },
  {
    key: "purpose",
    title: "Purpose",
    cell: (template) => (
      <Badge variant="default" tt="none" miw="max-content">
        {template.purpose}
      </Badge>
    ),
  },
  { key: "topic", title: "Topic", wide: true, cell: (template) => template.topic ?? "–" },
  { key: "version", title: "Version", align: "right", wide: true, cell: (template) => template.version },
  { key: "changed", title: "Changed", wide: true, cell: (template) => <Ago at={template.updated_at} /> },
];

export default function TemplatesPage() {
  const templates = useList("/api/templates");
  const add = (
    <Button component={Link} to="/journeys/templates/new" leftSection={<IconPlus size={16} aria-hidden />}>
      New template
    </Button>
  );
  return (
    <Page
      above={<BackLink to="/journeys">Journeys</BackLink>}
      title="Templates"
      lead="What journeys send: e-mails in MJML, with the customer's own words filled in by Liquid."
      actions={templates.data && templates.data.items.length > 0 ? add : null}
    >
      <Card>
        <Loaded
          query={templates}
          waiting={<Waiting lines={5} />}
          empty={
            <EmptyState title="No template yet" icon={<IconMail size={36} stroke={1.5} />} action={add}>
              A template is a subject and a body. Write <code>{"{{ customer.name }}"}</code> where the name
              belongs, and see the e-mail beside it while you type.
            </EmptyState>
          }
        >
          {(list) => (
            <DataTable
              label="Templates"
              columns={COLUMNS}
              rows={list.items}
              rowKey={(template) => template.slug}
              hasMore={templates.hasNextPage}
              loadingMore={templates.isFetchingNextPage}
              loadMore={templates.fetchNextPage}
            />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

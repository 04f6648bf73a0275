import { Button, Card } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { asProblem, path, put, putNew, type Template } from "@/api";
import { BackLink, Page, ProblemNotice, useUnsaved } from "@/design";
import { slugOf } from "@/lib/slug";
import { DeleteTemplate } from "./DeleteTemplate";
import { type Draft, draftOf } from "./draft";
import { TemplateFields } from "./TemplateFields";
import { TemplatePreviewPanel } from "./TemplatePreviewPanel";
import styles from "./templates.module.css";

/** A template's fields beside the e-mail they make. */
export function TemplateEditor({ template }: { template: Template | null }) {
  const [deleting, setDeleting] = useState(false);
  const [draft, setDraft] = useState<Draft>(() => draftOf(template));
  const slug = template?.slug ?? slugOf(draft.name);
  const [kept, setKept] = useState(draft);
  const mayLeave = useUnsaved(draft !== kept);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const own = path("/api/templates/{slug}", slug);
  const refresh = () =>
    queries.invalidateQueries({
      predicate: ({ queryKey: [key] }) => key === "/api/templates" || key === own,
    });
  const save = useMutation({
    mutationFn: () => (template ? put : putNew)(own, draft),
    onSuccess: async (saved) => {
      notifications.show({ message: `Saved as version ${saved.version}.` });
      setKept(draft);
      await refresh();
      if (template !== null) return;
      mayLeave();
      await navigate({ to: `/journeys/templates/${slug}` });
    },
  });
  const errors = save.error ? asProblem(save.error).errors : [];
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (slug) save.mutate();
      }}
    >
      <Page
        above={<BackLink to="/journeys/templates">Templates</BackLink>}
        title={template ? template.name : "New template"}
        lead={
          template
            ? `Version ${template.version}. Saving makes the next one; messages already made keep theirs.`
            : "The e-mail appears beside the fields as you write."
        }
        actions={
          <>
            {template ? (
              <Button variant="default" onClick={() => setDeleting(true)}>
                Delete
              </Button>
            ) : null}
            <Button type="submit" loading={save.isPending} disabled={slug === ""}>
              Save
            </Button>
          </>
        }
      >
        {save.error && errors.length === 0 ? <ProblemNotice problem={save.error} /> : null}
        <div className={styles.editor}>
          <Card component="section" aria-label="Content" padding="md">
            <TemplateFields
              draft={draft}
              change={(part) => setDraft((before) => ({ ...before, ...part }))}
              slug={slug}
              errors={errors}
            />
          </Card>
          <TemplatePreviewPanel draft={draft} />
        </div>
      </Page>
      {template && deleting ? <DeleteTemplate template={template} close={() => setDeleting(false)} /> : null}
    </form>
  );
}

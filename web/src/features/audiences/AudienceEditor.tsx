import { Button, Card, Group, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { type Audience, path, put, putNew, type RuleTree, useResource, useSuggest } from "@/api";
import { BackLink, Page, ProblemNotice, useUnsaved } from "@/design";
import { RuleBuilder } from "@/design/rules";
import { slugOf } from "@/lib/slug";
import styles from "./audiences.module.css";
import { CountBar, PreviewPanel } from "./PreviewPanel";
import { RuleSource } from "./RuleSource";
import { UndoButtons } from "./UndoButtons";
import { type Draft, useDraft } from "./useDraft";
import { sendable } from "./usePreview";
import { type Asked, WhyPanel } from "./WhyPanel";

const ANYBODY: RuleTree = { all: [] };

/** Addresses that are pages of their own. */
const TAKEN = new Set(["new", "lists"]);

function slugFrom(name: string): string {
  const slug = slugOf(name);
  return TAKEN.has(slug) ? `${slug}-audience` : slug;
}

/** Makes an audience or changes one: the rule as a form, beside its text and whom it holds for. */
export function AudienceEditor({ audience }: { audience: Audience | null }) {
  const [name, setName] = useState(audience?.name ?? "");
  const [at, setAt] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const customer = asked?.id ?? null;
  const beside = useMemo(() => ({ at, customer }), [at, customer]);
  const draft = useDraft(audience?.rule ?? ANYBODY, beside);
  const { preview } = draft;
  const vocabulary = useResource("/api/vocabulary");
  const suggest = useSuggest();
  const slug = audience?.slug ?? slugFrom(name);
  const changed = draft.history.undo !== null || draft.text !== null || name !== (audience?.name ?? "");
  const save = useSave(audience, slug, name, draft, useUnsaved(changed));
  const back = audience ? `/audiences/${audience.slug}` : "/audiences";
  const blocked = slug === "" || !preview.complete || !draft.inStep || preview.faults.length > 0;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!blocked) save.mutate();
      }}
    >
      <Page
        above={<BackLink to={back}>{audience ? audience.name : "Audiences"}</BackLink>}
        title={audience ? "Edit audience" : "New audience"}
        actions={
          <>
            <Button component={Link} to={back} variant="default">
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending} disabled={blocked}>
              Save
            </Button>
          </>
        }
      >
        {save.error ? <ProblemNotice problem={save.error} /> : null}
        <div className={styles.editor}>
          <Card component="section" aria-label="Rule" padding="md" className={styles.form}>
            <TextInput
              label="Name"
              required
              maxLength={120}
              value={name}
              description={
                slug ? `Known to rules and the API as ${slug}` : "Said in rules by a short form of this name"
              }
              onChange={(event) => setName(event.currentTarget.value)}
              mb="md"
            />
            <Group justify="space-between" mb="xs">
              <Title order={2} size="h3">
                Who belongs to it
              </Title>
              <UndoButtons history={draft.history} />
            </Group>
            <RuleBuilder
              rule={draft.tree}
              onChange={draft.setTree}
              vocabulary={vocabulary.data}
              suggest={suggest}
              faults={preview.faults}
            />
          </Card>
          <div className={styles.side}>
            <PreviewPanel preview={preview} at={at} setAt={setAt} ask={setAsked} />
            <RuleSource draft={draft} />
            <WhyPanel asked={asked} ask={setAsked} preview={preview} />
          </div>
        </div>
        <CountBar preview={preview} />
      </Page>
    </form>
  );
}

function useSave(audience: Audience | null, slug: string, name: string, draft: Draft, mayLeave: () => void) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () =>
      (audience ? put : putNew)(path("/api/audiences/{slug}", slug), {
        name: name.trim(),
        rule: sendable(draft.tree).rule,
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({
        predicate: ({ queryKey: [key] }) => typeof key === "string" && key.startsWith("/api/audiences"),
      });
      mayLeave();
      await navigate({ to: `/audiences/${slug}` });
    },
  });
}

import { Button, Card, Group, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type Audience, path, put, putNew, type RuleTree, useResource } from "@/api";
import { BackLink, Page, ProblemNotice, useUnsaved } from "@/design";
import { RuleBuilder } from "@/design/rules";
import { slugOf } from "@/lib/slug";
import styles from "./audiences.module.css";
import { PreviewPanel } from "./PreviewPanel";
import { RuleSource } from "./RuleSource";
import { UndoButtons } from "./UndoButtons";
import { useHistory } from "./useHistory";
import { type Rule, sendable, usePreview } from "./usePreview";

const ANYBODY: Rule = { all: [] };

/** Makes an audience or changes one: the rule as a builder, beside its text, its JSON and whom it holds for. */
export function AudienceEditor({ audience }: { audience: Audience | null }) {
  const [name, setName] = useState(audience?.name ?? "");
  const [at, setAt] = useState<string | null>(null);
  const history = useHistory<Rule>(audience?.rule ?? ANYBODY);
  const rule = history.now;
  const vocabulary = useResource("/api/vocabulary");
  const preview = usePreview(rule, at);
  const slug = audience?.slug ?? slugOf(name);
  const mayLeave = useUnsaved(history.undo !== null || name !== (audience?.name ?? ""));
  const navigate = useNavigate();
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      (audience ? put : putNew)(path("/api/audiences/{slug}", slug), {
        name: name.trim(),
        rule: sendable(rule).rule,
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({
        predicate: ({ queryKey: [key] }) => typeof key === "string" && key.startsWith("/api/audiences"),
      });
      mayLeave();
      await navigate({ to: `/audiences/${slug}` });
    },
  });
  const back = audience ? `/audiences/${audience.slug}` : "/audiences";
  const blocked = slug === "" || !preview.complete || preview.faults.length > 0;
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
          <Card component="section" aria-label="Rule" padding="md">
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
              <UndoButtons history={history} />
            </Group>
            {typeof rule === "string" ? (
              <ByText tree={preview.query.data?.rule} before={audience?.rule ?? ANYBODY} use={history.set} />
            ) : (
              <RuleBuilder
                rule={rule}
                onChange={history.set}
                vocabulary={vocabulary.data}
                faults={preview.faults}
              />
            )}
          </Card>
          <div className={styles.side}>
            <PreviewPanel preview={preview} at={at} setAt={setAt} />
            <RuleSource rule={rule} change={history.set} preview={preview} />
          </div>
        </div>
      </Page>
    </form>
  );
}

/** A rule being typed as text is drawn again once the API has read it into a tree. */
function ByText({
  tree,
  before,
  use,
}: {
  tree: RuleTree | undefined;
  before: Rule;
  use: (rule: Rule) => void;
}) {
  return (
    <div className={styles.byText}>
      This rule is being written as text, beside this.
      {tree ? (
        <Button size="xs" onClick={() => use(tree)}>
          Show it in the builder
        </Button>
      ) : (
        <Button variant="default" size="xs" onClick={() => use(before)}>
          Drop the text, back to the builder
        </Button>
      )}
    </div>
  );
}

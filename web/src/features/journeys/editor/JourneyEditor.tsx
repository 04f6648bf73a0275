import { Button, Card, Radio, Stack, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import {
  asProblem,
  type FieldError,
  type Journey,
  type JourneyDefinition,
  path,
  put,
  putNew,
  useResource,
} from "@/api";
import { BackLink, Page, ProblemNotice, useUnsaved } from "@/design";
import { withoutLoneGroup } from "@/design/rules";
import { slugOf } from "@/lib/slug";
import { againInWords, blank } from "../definition";
import styles from "../journeys.module.css";
import { LeaveWhen } from "./LeaveWhen";
import { Steps } from "./Steps";
import { TriggerPicker } from "./TriggerPicker";

/** Below `prefix` in the body that was sent, with the pointer as that part of the page knows it. */
function below(errors: readonly FieldError[], prefix: string): FieldError[] {
  return errors
    .map((error) => ({ ...error, pointer: error.pointer.replace(/^#/, "") }))
    .filter((error) => error.pointer === prefix || error.pointer.startsWith(`${prefix}/`))
    .map((error) => ({ ...error, pointer: error.pointer.slice(prefix.length) }));
}

const shortened = (rule: JourneyDefinition["leave_when"]) =>
  rule === null ? { rule, prefix: "" } : withoutLoneGroup(rule);

/** Changes a journey's draft. Nothing here reaches a customer before the draft is published. */
export function JourneyEditor({ journey }: { journey: Journey | null }) {
  const [name, setName] = useState(journey?.name ?? "");
  const [definition, setDefinition] = useState<JourneyDefinition>(journey?.definition ?? blank);
  const vocabulary = useResource("/api/vocabulary");
  const slug = journey?.slug ?? slugOf(name);
  const start = journey?.definition ?? blank;
  const mayLeave = useUnsaved(definition !== start || name !== (journey?.name ?? ""));
  const navigate = useNavigate();
  const queries = useQueryClient();
  const own = path("/api/journeys/{slug}", slug);
  const leaving = shortened(definition.leave_when);
  const save = useMutation({
    mutationFn: () =>
      (journey ? put : putNew)(own, {
        name: name.trim(),
        definition: { ...definition, leave_when: leaving.rule },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({
        predicate: ({ queryKey: [key] }) => key === "/api/journeys" || key === own,
      });
      mayLeave();
      await navigate({ to: `/journeys/${slug}` });
    },
  });
  const errors = save.error ? asProblem(save.error).errors : [];
  const change = (part: Partial<JourneyDefinition>) => setDefinition((before) => ({ ...before, ...part }));
  const back = journey ? `/journeys/${journey.slug}` : "/journeys";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (slug) save.mutate();
      }}
    >
      <Page
        above={<BackLink to={back}>{journey ? journey.name : "Journeys"}</BackLink>}
        title={journey ? "Edit journey" : "New journey"}
        lead={
          journey?.version
            ? `Saves a draft. Customers travel version ${journey.version} until you publish.`
            : null
        }
        actions={
          <>
            <Button component={Link} to={back} variant="default">
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending} disabled={slug === ""}>
              Save draft
            </Button>
          </>
        }
      >
        {save.error ? <ProblemNotice problem={save.error} /> : null}
        <div className={styles.columns}>
          <Stack>
            <Card>
              <TextInput
                label="Name"
                required
                maxLength={120}
                value={name}
                description={slug ? `Known to the API as ${slug}` : null}
                error={below(errors, "/name")[0]?.detail}
                onChange={(event) => setName(event.currentTarget.value)}
              />
            </Card>
            <Card component="section" aria-label="Enters when">
              <Title order={2} size="h3" mb="sm">
                Enters when a customer
              </Title>
              <TriggerPicker
                enter={definition.enter}
                change={(enter) => change({ enter })}
                vocabulary={vocabulary.data}
                faults={below(errors, "/definition/enter")}
              />
              <Radio.Group
                mt="md"
                label="Entering again"
                value={definition.again}
                onChange={(again) => change({ again: again === "never" ? "never" : "after_leaving" })}
              >
                <Stack gap={6} mt={6}>
                  <Radio value="never" label={againInWords.never} />
                  <Radio value="after_leaving" label={againInWords.after_leaving} />
                </Stack>
              </Radio.Group>
            </Card>
            <Card component="section" aria-label="Steps">
              <Title order={2} size="h3" mb="sm">
                Steps
              </Title>
              <Steps
                definition={definition}
                change={setDefinition}
                faults={below(errors, "/definition/steps")}
              />
            </Card>
          </Stack>
          <Card component="section" aria-label="Leaves early when">
            <LeaveWhen
              rule={definition.leave_when}
              change={(leave_when) => change({ leave_when })}
              vocabulary={vocabulary.data}
              faults={below(errors, "/definition/leave_when").map((fault) => ({
                ...fault,
                pointer: leaving.prefix + fault.pointer,
              }))}
            />
          </Card>
        </div>
      </Page>
    </form>
  );
}

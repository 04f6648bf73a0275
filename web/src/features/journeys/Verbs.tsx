import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { asProblem, type Journey, path, put, remove } from "@/api";
import { ProblemNotice } from "@/design";
import { plural } from "@/lib/format";
import { MayButton } from "./MayButton";

/** Publish, pause, resume, delete: each as the API allows it. */
export function Verbs({ journey }: { journey: Journey }) {
  const [asking, setAsking] = useState<"publish" | "delete" | null>(null);
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: (verb: "pause" | "resume") => {
      const pause = path("/api/journeys/{slug}/pause", journey.slug);
      return verb === "pause" ? put(pause) : remove(pause);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: [path("/api/journeys/{slug}", journey.slug)] }),
    onError: (error) =>
      notifications.show({ color: "red", title: "Nothing changed", message: asProblem(error).message }),
  });
  const paused = journey.state === "paused";
  return (
    <>
      <MayButton journey={journey} verb="delete" variant="default" onClick={() => setAsking("delete")}>
        Delete
      </MayButton>
      {paused ? (
        <MayButton journey={journey} verb="resume" variant="default" onClick={() => act.mutate("resume")}>
          Resume
        </MayButton>
      ) : (
        <MayButton journey={journey} verb="pause" variant="default" onClick={() => act.mutate("pause")}>
          Pause
        </MayButton>
      )}
      <MayButton journey={journey} verb="publish" onClick={() => setAsking("publish")}>
        Publish
      </MayButton>
      {asking ? <Ask what={asking} journey={journey} close={() => setAsking(null)} /> : null}
    </>
  );
}

function Ask({ what, journey, close }: { what: "publish" | "delete"; journey: Journey; close: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const own = path("/api/journeys/{slug}", journey.slug);
  const act = useMutation({
    mutationFn: async (): Promise<unknown> =>
      what === "publish" ? put(path("/api/journeys/{slug}/publication", journey.slug)) : remove(own),
    onSuccess: async () => {
      if (what === "delete") await navigate({ to: "/journeys" });
      else close();
      const stale: string[] = what === "publish" ? [own, "/api/journeys"] : ["/api/journeys"];
      await queries.invalidateQueries({ predicate: ({ queryKey: [key] }) => stale.includes(String(key)) });
    },
  });
  return (
    <Modal
      opened
      onClose={close}
      title={what === "publish" ? `Publish “${journey.name}”` : `Delete “${journey.name}”`}
    >
      <Stack>
        <Text size="sm">
          {what === "publish"
            ? `From now on customers enter this draft as version ${(journey.version ?? 0) + 1}, and its messages are sent to them. ${journey.inside > 0 ? `${plural(journey.inside, "customer")} inside stay on the version they entered.` : "Nobody is inside yet."}`
            : `The draft and its versions are gone, and ${plural(journey.inside, "customer")} inside would get nothing more from it. What was sent stays on their timelines.`}
        </Text>
        {act.error ? <ProblemNotice problem={act.error} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button
            color={what === "delete" ? "red" : undefined}
            loading={act.isPending}
            onClick={() => act.mutate()}
          >
            {what === "publish" ? "Publish" : "Delete"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

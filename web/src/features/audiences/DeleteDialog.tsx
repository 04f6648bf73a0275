import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type Audience, path, remove } from "@/api";
import { ProblemNotice } from "@/design";
import { plural } from "@/lib/format";

export function DeleteDialog({ audience, close }: { audience: Audience; close: () => void }) {
  const [typed, setTyped] = useState("");
  const queries = useQueryClient();
  const navigate = useNavigate();
  const gone = useMutation({
    mutationFn: () => remove(path("/api/audiences/{slug}", audience.slug)),
    onSuccess: async () => {
      await navigate({ to: "/audiences" });
      await queries.invalidateQueries({ predicate: ({ queryKey: [key] }) => key === "/api/audiences" });
    },
  });
  return (
    <Modal opened onClose={close} title={`Delete “${audience.name}”`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() === audience.slug) gone.mutate();
        }}
      >
        <Stack>
          <Text size="sm">
            {audience.members === null ? "Its members" : `Its ${plural(audience.members, "member")}`} stay
            customers; only the rule and who belonged to it now are gone. The timeline keeps who entered and
            left.
          </Text>
          <TextInput
            label={`Type “${audience.slug}” to go on`}
            value={typed}
            autoComplete="off"
            data-autofocus
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          {gone.error ? <ProblemNotice problem={gone.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Keep it
            </Button>
            <Button
              type="submit"
              color="red"
              loading={gone.isPending}
              disabled={typed.trim() !== audience.slug}
            >
              Delete
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

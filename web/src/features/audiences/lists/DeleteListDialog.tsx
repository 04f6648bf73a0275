import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { path, remove, type StaticList } from "@/api";
import { ProblemNotice } from "@/design";
import { plural } from "@/lib/format";
import { forgetLists } from "./useListChange";

export function DeleteListDialog({ list, close }: { list: StaticList; close: () => void }) {
  const [typed, setTyped] = useState("");
  const queries = useQueryClient();
  const navigate = useNavigate();
  const gone = useMutation({
    mutationFn: () => remove(path("/api/lists/{slug}", list.slug)),
    onSuccess: async () => {
      await navigate({ to: "/audiences/lists" });
      await forgetLists(queries);
    },
  });
  const sure = typed.trim() === list.slug;
  return (
    <Modal opened onClose={close} title={`Delete “${list.name}”`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (sure) gone.mutate();
        }}
      >
        <Stack>
          <Text size="sm">
            {list.members === 0
              ? "Nobody is on it."
              : `The ${plural(list.members, "customer")} on it stay customers, and leave the list.`}{" "}
            Their timelines keep when they were on it.
          </Text>
          <TextInput
            label={`Type “${list.slug}” to go on`}
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
            <Button type="submit" color="red" loading={gone.isPending} disabled={!sure}>
              Delete
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

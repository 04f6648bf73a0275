import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { path, put, putNew, type StaticList } from "@/api";
import { ProblemNotice } from "@/design";
import { slugOf } from "@/lib/slug";
import { forgetLists } from "./useListChange";

/** Names a new list, or one there is anew. Its short form, which rules say, stays what it was. */
export function NameDialog({ list, close }: { list: StaticList | null; close: () => void }) {
  const [name, setName] = useState(list?.name ?? "");
  const slug = list?.slug ?? slugOf(name);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const save = useMutation({
    mutationFn: () => (list ? put : putNew)(path("/api/lists/{slug}", slug), { name: name.trim() }),
    onSuccess: async () => {
      await forgetLists(queries);
      close();
      if (list === null) await navigate({ to: `/audiences/lists/${slug}` });
    },
  });
  return (
    <Modal opened onClose={close} title={list ? "Rename the list" : "New list"}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (slug !== "") save.mutate();
        }}
      >
        <Stack>
          <TextInput
            label="Name"
            required
            maxLength={120}
            data-autofocus
            value={name}
            description={
              slug ? `Rules say: in list "${slug}"` : "Rules will know it by a short form of this name"
            }
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {save.error ? <ProblemNotice problem={save.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending} disabled={slug === "" || name.trim() === ""}>
              {list ? "Rename" : "Make the list"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

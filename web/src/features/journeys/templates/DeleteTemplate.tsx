import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { path, remove, type Template } from "@/api";
import { ProblemNotice } from "@/design";

export function DeleteTemplate({ template, close }: { template: Template; close: () => void }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const gone = useMutation({
    mutationFn: () => remove(path("/api/templates/{slug}", template.slug)),
    onSuccess: async () => {
      await navigate({ to: "/journeys/templates" });
      await queries.invalidateQueries({ queryKey: ["/api/templates"] });
    },
  });
  return (
    <Modal opened onClose={close} title={`Delete “${template.name}”`}>
      <Stack>
        <Text size="sm">
          Journeys can no longer send it, and messages that wait to be sent from it are withheld. What was
          sent stays on record.
        </Text>
        {gone.error ? <ProblemNotice problem={gone.error} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Keep it
          </Button>
          <Button color="red" loading={gone.isPending} onClick={() => gone.mutate()}>
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

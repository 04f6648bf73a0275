import { Alert, Button, Group, Modal, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { post } from "@/api";
import { CopyText, ProblemNotice } from "@/design";

type Values = { kind: "admin" | "write"; name: string };

/** Makes a key and shows its secret this once. */
export function NewKeyDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const client = useQueryClient();
  const form = useForm<Values>({ initialValues: { kind: "admin", name: "" } });
  const make = useMutation({
    mutationFn: (values: Values) => post("/api/keys", values),
    onSuccess: () => client.invalidateQueries({ queryKey: ["/api/keys"] }),
  });
  const done = () => {
    close();
    form.reset();
    make.reset();
  };
  const secret = make.data?.secret ?? make.data?.write_key;
  return (
    <Modal opened={opened} onClose={done} title={make.data ? `Key “${make.data.name}”` : "New key"} size="lg">
      {make.data && secret ? (
        <Stack>
          {make.data.kind === "admin" ? (
            <Alert color="yellow" title="Copy it now">
              Only a fingerprint of it is kept: it cannot be shown again.
            </Alert>
          ) : null}
          <CopyText text={secret} />
          <Group justify="flex-end">
            <Button onClick={done}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={form.onSubmit((values) => make.mutate(values))}>
          <Stack>
            {make.error ? <ProblemNotice problem={make.error} /> : null}
            <SegmentedControl
              aria-label="Kind of key"
              data={[
                { value: "admin", label: "Admin: reads and changes everything" },
                { value: "write", label: "Write: only sends events" },
              ]}
              orientation="vertical"
              fullWidth
              {...form.getInputProps("kind")}
            />
            <TextInput
              label="Name"
              description="Where it will be used, so that you know later whether it may go."
              placeholder="Data warehouse"
              required
              withAsterisk={false}
              data-autofocus
              {...form.getInputProps("name")}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={done}>
                Cancel
              </Button>
              <Button type="submit" loading={make.isPending}>
                Make the key
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

import { Button, Group, Modal, NativeSelect, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Consent, type Customer, path, put } from "@/api";
import { ProblemNotice } from "@/design";
import { channelName, customerName, topicName } from "./names";

export type Answered = Pick<Consent, "channel" | "topic" | "answer">;

/** Records a yes or a no, after saying what it will mean for what this customer receives. */
export function ConsentDialog({
  customer,
  asked,
  close,
}: {
  customer: Customer;
  asked: Answered | "new";
  close: () => void;
}) {
  const before = asked === "new" ? null : asked;
  const [channel, setChannel] = useState(before?.channel ?? "email");
  const [topic, setTopic] = useState(before?.topic ?? "");
  const [answer, setAnswer] = useState<Consent["answer"]>(before?.answer === "yes" ? "no" : "yes");
  const queries = useQueryClient();
  const url = path("/api/customers/{customer_id}", customer.id);
  const record = useMutation({
    mutationFn: () =>
      put(
        path("/api/customers/{customer_id}/consents/{channel}/{topic}", customer.id, channel, topic.trim()),
        { answer },
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [url] });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title="Record consent">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          record.mutate();
        }}
      >
        <Stack>
          {before ? null : (
            <Group grow align="flex-start">
              <NativeSelect
                label="Channel"
                value={channel}
                data={["email", "sms", "push", "in_app"].map((value) => ({
                  value,
                  label: channelName(value),
                }))}
                onChange={(event) => setChannel(event.currentTarget.value)}
              />
              <TextInput
                label="Topic"
                placeholder="marketing"
                required
                value={topic}
                onChange={(event) => setTopic(event.currentTarget.value)}
              />
            </Group>
          )}
          <Radio.Group
            label={`What did ${customerName(customer)} say to ${channelName(channel)}, ${topic ? topicName(topic) : "this topic"}?`}
            value={answer}
            onChange={(value) => setAnswer(value === "yes" ? "yes" : "no")}
          >
            <Group mt="xs">
              <Radio value="yes" label="Yes" />
              <Radio value="no" label="No" />
            </Group>
          </Radio.Group>
          <Text size="sm">
            {answer === "yes"
              ? "From now on messages on this topic may be sent to them. Record a yes only if they gave one: you may have to prove it."
              : "From now on no message on this topic is sent to them; those already waiting are withheld. Orders' receipts and other transactional messages still are."}{" "}
            The answer is kept with your name and the time, beside the earlier ones.
          </Text>
          {record.error ? <ProblemNotice problem={record.error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={record.isPending} disabled={topic.trim() === ""}>
              Record the {answer}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

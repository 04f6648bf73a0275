import {
  Anchor,
  Badge,
  Button,
  Card,
  Collapse,
  Group,
  Modal,
  SimpleGrid,
  Stack,
  Text,
  Title,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type LifecycleModel, path, put, useList } from "@/api";
import { EmptyState, Loaded, Page, ProblemNotice, RuleText, StageColours } from "@/design";
import { plural } from "@/lib/format";
import { ModelStrip } from "./ModelStrip";
import { metricName } from "./metrics";

/** The lifecycles to choose from: those that ship with Regulars and those of the company. */
export default function ModelsPage() {
  const models = useList("/api/lifecycles");
  return (
    <Page
      title="Lifecycle models"
      lead="A model is a set of stages, each with a rule. One is active: it decides where customers are."
      above={
        <Anchor component={Link} to="/" size="sm">
          ← Lifecycle
        </Anchor>
      }
    >
      <Loaded query={models} empty={<EmptyState title="No models">None are installed.</EmptyState>}>
        {(data) => (
          <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
            {data.items.map((model) => (
              <StageColours key={model.slug} order={model.stages.map((stage) => stage.slug)}>
                <Model model={model} />
              </StageColours>
            ))}
          </SimpleGrid>
        )}
      </Loaded>
    </Page>
  );
}

function Model({ model }: { model: LifecycleModel }) {
  const [open, stages] = useDisclosure(false);
  const [asking, question] = useDisclosure(false);
  return (
    <Card component="article" style={model.active ? { borderColor: "var(--mantine-color-mulberry-5)" } : {}}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Title order={2} size="h3">
          {model.name}
        </Title>
        {model.active ? (
          <Badge variant="filled">Active</Badge>
        ) : (
          <Button size="xs" variant="default" onClick={question.open} style={{ flex: "none" }}>
            Activate<span className="rg-hidden"> {model.name}</span>
          </Button>
        )}
      </Group>
      <Text c="dimmed" size="sm" mt={4} mb="md">
        {model.description}
      </Text>
      <ModelStrip stages={model.stages} />
      <Button
        mt="md"
        size="compact-sm"
        variant="subtle"
        onClick={stages.toggle}
        aria-expanded={open}
        ml={-8}
        w="fit-content"
      >
        {open ? "Hide" : "Show"} {plural(model.stages.length, "rule")}
      </Button>
      <Collapse expanded={open}>
        <Stack gap="md" mt="sm">
          {model.stages.map((stage) => (
            <div key={stage.slug}>
              <Text fw={600}>{stage.name}</Text>
              <Text size="sm" c="dimmed" mb={6}>
                {stage.description}
              </Text>
              <RuleText rule={stage.rule_text} />
              {stage.metrics.length > 0 ? (
                <Text size="xs" c="dimmed" mt={6}>
                  Measured by {stage.metrics.map(metricName).join(", ")}
                </Text>
              ) : null}
            </div>
          ))}
        </Stack>
      </Collapse>
      <Activation model={model} opened={asking} close={question.close} />
    </Card>
  );
}

type ActivationProps = { model: LifecycleModel; opened: boolean; close: () => void };

function Activation({ model, opened, close }: ActivationProps) {
  const client = useQueryClient();
  const activate = useMutation({
    mutationFn: () => put(path("/api/lifecycles/{slug}/activation", model.slug)),
    onSuccess: async () => {
      await client.invalidateQueries();
      notifications.show({
        title: `${model.name} is active`,
        message: "Every customer is being settled in it.",
      });
      close();
    },
  });
  return (
    <Modal opened={opened} onClose={close} title={`Activate ${model.name}?`}>
      <Stack>
        <Text size="sm">
          Every customer gets a stage of this model, worked out from their whole history. Audiences and
          journeys that name a stage of the present model no longer find it.
        </Text>
        {activate.error ? <ProblemNotice problem={activate.error} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Keep the present one
          </Button>
          <Button loading={activate.isPending} onClick={() => activate.mutate()}>
            Activate
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

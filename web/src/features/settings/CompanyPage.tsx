import { Button, Card, Group, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { asProblem, put, type Settings, useResource } from "@/api";
import { Loaded, ProblemNotice } from "@/design";
import { SettingsFrame } from "./SettingsFrame";

export default function CompanyPage() {
  const settings = useResource("/api/settings");
  return (
    <SettingsFrame title="Company" lead="Who you are to your customers, and whose midnight ends the day.">
      <Loaded query={settings}>{(data) => <CompanyForm settings={data} />}</Loaded>
    </SettingsFrame>
  );
}

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

function CompanyForm({ settings }: { settings: Settings }) {
  const client = useQueryClient();
  const form = useForm<Settings>({ mode: "uncontrolled", initialValues: settings });
  const save = useMutation({
    mutationFn: (values: Settings) => put("/api/settings", values),
    onSuccess: (saved, sent) => {
      client.setQueryData(["/api/settings", {}], saved ?? sent);
      void client.invalidateQueries({ queryKey: ["/api/session"] });
      form.resetDirty();
      notifications.show({ title: "Saved", message: "The company's settings are in force." });
    },
    onError: (error) => {
      const { errors } = asProblem(error);
      form.setErrors(
        Object.fromEntries(errors.map(({ pointer, detail }) => [pointer.replace(/^[#/]+/, ""), detail])),
      );
    },
  });
  const field = (name: keyof Settings) => ({ key: form.key(name), ...form.getInputProps(name) });
  const zones = ZONES.includes(settings.time_zone) ? ZONES : [settings.time_zone, ...ZONES];
  return (
    <Card maw={640}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          {save.error ? <ProblemNotice problem={save.error} /> : null}
          <TextInput label="Company name" required withAsterisk={false} {...field("company_name")} />
          <Select
            label="Time zone"
            description="Dates in rules are days in this zone."
            searchable
            allowDeselect={false}
            data={zones}
            {...field("time_zone")}
          />
          <NumberInput
            label="Usual gap"
            description="How many days usually lie between two on which a customer does something. The pulse goes by it until a customer has shown a rhythm of their own."
            required
            withAsterisk={false}
            min={1}
            max={180}
            allowDecimal={false}
            suffix=" days"
            {...field("usual_gap")}
          />
          <TextInput
            label="Sender's name"
            description="Shown in the From line of messages."
            {...field("sender_name")}
          />
          <TextInput label="Sender's e-mail" type="email" {...field("sender_email")} />
          <TextInput
            label="Public address"
            description="Where customers' mail programs reach this server: tracking and unsubscribe links begin with it."
            type="url"
            {...field("public_url")}
          />
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

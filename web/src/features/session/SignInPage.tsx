import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useSessionVerbs } from "@/api";
import { ProblemNotice } from "@/design";
import { searchText } from "@/lib/search";
import { Doorway } from "./Doorway";
import { insideAddress } from "./next";

export default function SignInPage() {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const { signIn } = useSessionVerbs();
  const form = useForm({ mode: "uncontrolled", initialValues: { email: "", password: "" } });
  const entry = useMutation({
    mutationFn: ({ email, password }: { email: string; password: string }) => signIn(email, password),
    onSuccess: () => navigate({ href: insideAddress(searchText(search.next)) }),
  });
  return (
    <Doorway title="Sign in" lead="Good to see you again.">
      <form onSubmit={form.onSubmit((values) => entry.mutate(values))}>
        <Stack>
          {entry.error ? <ProblemNotice problem={entry.error} /> : null}
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            key={form.key("email")}
            {...form.getInputProps("email")}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            key={form.key("password")}
            {...form.getInputProps("password")}
          />
          <Button type="submit" size="md" loading={entry.isPending}>
            Sign in
          </Button>
        </Stack>
      </form>
    </Doorway>
  );
}

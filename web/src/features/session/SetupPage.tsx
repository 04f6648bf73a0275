import { Alert, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { asProblem, type Problem, path, useResource, useSessionVerbs } from "@/api";
import { Ago, Loaded, ProblemNotice } from "@/design";
import { searchText } from "@/lib/search";
import { Doorway } from "./Doorway";

/** The first owner's account, through the one-time link that the server printed. */
export default function SetupPage() {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const token = searchText(search.token) ?? "";
  const link = useResource(path("/api/setup/{token}", token), { enabled: token !== "" });
  return (
    <Doorway title="Welcome to Regulars" lead="Make the owner's account. It may do everything here.">
      {token === "" ? (
        <NoWay />
      ) : (
        <Loaded query={link} failed={(problem, retry) => <NoWay problem={problem} retry={retry} />}>
          {({ expires_at }) => <OwnerForm token={token} expires={expires_at} />}
        </Loaded>
      )}
    </Doorway>
  );
}

function NoWay({ problem, retry }: { problem?: Problem; retry?: () => void }) {
  if (problem && problem.status !== 404 && problem.status !== 409)
    return <ProblemNotice problem={problem} retry={retry} />;
  const used = problem?.status === 409;
  return (
    <Stack>
      <Alert color="yellow" title={used ? "This link has been used" : "This link opens nothing"} role="alert">
        {problem?.detail ||
          "Set-up links work once and for a limited time. The server prints a fresh one when it starts and has no owner yet."}
      </Alert>
      <Button component={Link} to="/sign-in" variant="default">
        Sign in instead
      </Button>
    </Stack>
  );
}

const NOTHING = { name: "", email: "", password: "" };

function OwnerForm({ token, expires }: { token: string; expires: string }) {
  const navigate = useNavigate();
  const { setUp } = useSessionVerbs();
  const form = useForm({ mode: "uncontrolled", initialValues: NOTHING });
  const start = useMutation({
    mutationFn: (owner: typeof NOTHING) => setUp(token, owner),
    onSuccess: () => navigate({ to: "/" }),
    onError: (error) => {
      const problem = asProblem(error);
      form.setErrors(
        Object.fromEntries(
          Object.keys(NOTHING).flatMap((key) => (problem.field(key) ? [[key, problem.field(key)]] : [])),
        ),
      );
    },
  });
  return (
    <form onSubmit={form.onSubmit((owner) => start.mutate(owner))}>
      <Stack>
        {start.error ? <ProblemNotice problem={start.error} /> : null}
        <TextInput
          label="Your name"
          autoComplete="name"
          required
          withAsterisk={false}
          key={form.key("name")}
          {...form.getInputProps("name")}
        />
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
          autoComplete="new-password"
          required
          withAsterisk={false}
          key={form.key("password")}
          {...form.getInputProps("password")}
        />
        <Button type="submit" size="md" loading={start.isPending}>
          Make the account
        </Button>
        <Text size="sm" c="dimmed">
          This link stops working <Ago at={expires} />.
        </Text>
      </Stack>
    </form>
  );
}

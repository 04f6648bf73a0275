import { Alert, Button, List, Text } from "@mantine/core";
import { asProblem } from "@/lib/problem";

type Props = { problem: unknown; retry?: () => void };

/** What the API refused, in its own words, with the fields it named. */
export function ProblemNotice({ problem: thrown, retry }: Props) {
  const problem = asProblem(thrown);
  return (
    <Alert color="red" variant="light" role="alert" title={problem.title}>
      {problem.detail ? <Text size="sm">{problem.detail}</Text> : null}
      {problem.errors.length > 0 ? (
        <List size="sm" mt={4}>
          {problem.errors.map((error) => (
            <List.Item key={error.pointer + error.detail}>
              {error.pointer ? <code>{error.pointer}</code> : null} {error.detail}
            </List.Item>
          ))}
        </List>
      ) : null}
      {problem.retryAfter !== null ? <Text size="sm">Try again in {problem.retryAfter} seconds.</Text> : null}
      {retry ? (
        <Button mt="sm" size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      ) : null}
    </Alert>
  );
}

import { Alert, List } from "@mantine/core";
import type { Journey, JourneyDefinition } from "@/api";
import { inOrder, stepInWords } from "./definition";

/** What keeps the draft from being published, each thing at the part of the journey it is about. */
export function Obstacles({ journey }: { journey: Journey }) {
  if (journey.problems.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" title="Before the draft can be published" mb="md">
      <List size="sm">
        {journey.problems.map((problem) => (
          <List.Item key={`${problem.pointer} ${problem.detail}`}>
            {placeInWords(journey.definition, problem.pointer)}
            {problem.detail}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

function placeInWords(definition: JourneyDefinition, pointer: string): string {
  const [, part, number] = /\/definition\/(enter|leave_when|steps)(?:\/(\d+))?/.exec(pointer) ?? [];
  if (part === "enter") return "Entering: ";
  if (part === "leave_when") return "Leaving early: ";
  const step = definition.steps[Number(number)];
  if (part !== "steps" || number === undefined || step === undefined) return "";
  const place = (inOrder(definition) ?? definition.steps).findIndex((each) => each.id === step.id) + 1;
  return `Step ${place} (${stepInWords(definition.steps, step.id)}): `;
}

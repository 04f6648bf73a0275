import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Journey } from "@/api";
import { theme } from "@/design";
import { blank } from "./definition";
import { MayButton } from "./MayButton";

const neither: Journey["may"] = {
  publish: false,
  publish_reason: null,
  pause: false,
  pause_reason: null,
  resume: false,
  resume_reason: null,
  delete: false,
  delete_reason: null,
};

function journey(may: Partial<Journey["may"]>): Journey {
  return {
    slug: "welcome",
    name: "Welcome",
    state: "live",
    version: 1,
    inside: 0,
    entered: 0,
    left: 0,
    updated_at: "2026-01-01T00:00:00Z",
    definition: blank,
    definition_live: null,
    versions: [],
    steps: [],
    refused: [],
    problems: [],
    may: { ...neither, ...may },
  };
}

function show(may: Partial<Journey["may"]>) {
  const act = vi.fn();
  render(
    <MantineProvider env="test" theme={theme}>
      <MayButton journey={journey(may)} verb="publish" onClick={act}>
        Publish
      </MayButton>
    </MantineProvider>,
  );
  return { act, user: userEvent.setup() };
}

test("what the API allows can be done", async () => {
  const { act, user } = show({ publish: true, publish_reason: null });
  await user.click(screen.getByRole("button", { name: "Publish" }));
  expect(act).toHaveBeenCalledOnce();
});

test("what the API refuses does nothing, can be reached, and says why", async () => {
  const { act, user } = show({ publish: false, publish_reason: "Nothing has changed." });
  await user.tab();
  expect(screen.getByRole("button", { name: "Publish" })).toHaveFocus();
  expect(await screen.findByText("Nothing has changed.")).toBeInTheDocument();
  await user.keyboard("{Enter}");
  expect(act).not.toHaveBeenCalled();
});

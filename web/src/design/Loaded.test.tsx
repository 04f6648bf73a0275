import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { Problem } from "@/lib/problem";
import { Loaded, type Query } from "./Loaded";

type Names = { items: string[] };

function show(query: Partial<Query<Names>>, empty?: string) {
  const whole = { data: undefined, error: null, refetch: vi.fn(), ...query };
  render(
    <MantineProvider>
      <Loaded query={whole} empty={empty}>
        {(names) => <p>{names.items.join(", ") || "nobody"}</p>}
      </Loaded>
    </MantineProvider>,
  );
  return whole;
}

const refusal = new Problem(503, "Not ready yet", "The database is starting.", "unavailable");

test("waiting is said to screen readers", () => {
  show({});
  expect(screen.getByRole("status", { name: "Loading" })).toBeInTheDocument();
});

test("a failure shows the API's own words and can be tried again", async () => {
  const query = show({ error: refusal });
  expect(screen.getByRole("alert")).toHaveTextContent("Not ready yet");
  expect(screen.getByRole("alert")).toHaveTextContent("The database is starting.");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(query.refetch).toHaveBeenCalledOnce();
});

test("a list without items shows what the page has for that", () => {
  show({ data: { items: [] } }, "Make your first one");
  expect(screen.getByText("Make your first one")).toBeInTheDocument();
});

test("a page without an empty state draws its empty list itself", () => {
  show({ data: { items: [] } });
  expect(screen.getByText("nobody")).toBeInTheDocument();
});

test("a failed refresh keeps what was shown and says that it is old", () => {
  show({ data: { items: ["Ada", "Grace"] }, error: refusal });
  expect(screen.getByText("Ada, Grace")).toBeInTheDocument();
  expect(screen.getByRole("status")).toHaveTextContent("Not refreshed: Not ready yet");
});

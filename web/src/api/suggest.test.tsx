import { QueryClientProvider } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { makeQueryClient } from "./query";
import { useSuggest } from "./suggest";

function suggesting(answers: Record<string, unknown>) {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url) => {
    asked.push(String(url));
    const body = answers[String(url).split("?")[0] ?? ""];
    return body === undefined
      ? new Response("{}", { status: 404, headers: { "content-type": "application/json" } })
      : new Response(JSON.stringify(body), { status: 200 });
  });
  const client = makeQueryClient();
  const { result } = renderHook(() => useSuggest(), {
    wrapper: ({ children }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>,
  });
  return { suggest: result.current, asked };
}

test("properties come with what they hold, and are asked for once", async () => {
  const { suggest, asked } = suggesting({
    "/api/vocabulary/properties": {
      items: [{ property: "category", examples: ["shoes", 7, { a: 1 }, "hats"] }],
    },
  });
  const words = await suggest({ kind: "properties", event: "Order Completed" }, "");
  expect(words).toEqual([{ word: "category", note: 'shoes, 7, {"a":1}' }]);
  await suggest({ kind: "properties", event: "Order Completed" }, "");
  expect(asked).toEqual(["/api/vocabulary/properties?event=Order+Completed"]);
});

test("values are those of a trait or of an event's property, and what is typed narrows them", async () => {
  const { suggest, asked } = suggesting({ "/api/vocabulary/values": { items: ["DE", "DK"], next: null } });
  expect(await suggest({ kind: "values", trait: "country" }, "D")).toEqual([{ word: "DE" }, { word: "DK" }]);
  await suggest({ kind: "values", event: "A", property: "b.c" }, "");
  expect(asked).toEqual([
    "/api/vocabulary/values?trait=country&q=D",
    "/api/vocabulary/values?event=A&property=b.c",
  ]);
});

test("where nothing can be had, the caller hears it and offers nothing", async () => {
  const { suggest } = suggesting({});
  await expect(suggest({ kind: "values", trait: "country" }, "")).rejects.toMatchObject({ status: 404 });
});

import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { asProblem, type CustomerRow, useResource } from "@/api";
import { IconSearch } from "@/design";
import { called } from "./called";

const pause_ms = 250;
const offered = 12;

/** A search box that finds one customer by name, e-mail or any identifier. */
export function CustomerPicker({
  label,
  pick,
  picked = null,
  placeholder = "Name, e-mail or any identifier",
}: {
  label: string;
  placeholder?: string;
  pick: (customer: CustomerRow | null) => void;
  picked?: { id: string; name: string } | null;
}) {
  const [typed, setTyped] = useState(picked?.name ?? "");
  const [asking, setAsking] = useState(false);
  const [q] = useDebouncedValue(typed, pause_ms);
  const found = useResource("/api/customers", {
    params: { q: q === picked?.name ? null : q, stage: null, audience: null, after: null, limit: offered },
    enabled: asking,
  });
  const rows = found.data?.items ?? [];
  const words = new Map(rows.map((row) => [row.id, row]));
  if (picked && !words.has(picked.id)) words.set(picked.id, { ...picked } as CustomerRow);
  return (
    <Select
      size="xs"
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={14} stroke={1.7} aria-hidden />}
      searchable
      clearable
      clearButtonProps={{ "aria-label": "Nobody" }}
      // The server has searched already, also by what is not shown here.
      filter={({ options }) => options}
      data={[...words.values()].map((row) => ({ value: row.id, label: row.name || called(row) }))}
      renderOption={({ option }) => {
        const row = words.get(option.value);
        return (
          <span style={{ minWidth: 0, overflowWrap: "anywhere" }}>
            {option.label}
            <small style={{ display: "block", opacity: 0.85 }}>
              {[row?.email, row?.user_id].filter(Boolean).join(" · ")}
            </small>
          </span>
        );
      }}
      nothingFoundMessage={
        found.error
          ? asProblem(found.error).title
          : found.isFetching
            ? "Searching …"
            : "Nobody is called that"
      }
      value={picked?.id ?? null}
      onChange={(id) => pick(id === null ? null : (words.get(id) ?? null))}
      onFocus={() => setAsking(true)}
      searchValue={typed}
      onSearchChange={setTyped}
    />
  );
}

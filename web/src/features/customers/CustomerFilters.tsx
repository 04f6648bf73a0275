import { Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { useResource } from "@/api";
import { IconSearch } from "@/design";
import styles from "./customers.module.css";

export type Filters = { q?: string | undefined; stage?: string | undefined; audience?: string | undefined };

const pause_ms = 250;

/** The filters of the list. They live in the address, so that a filtered list can be sent to a colleague. */
export function CustomerFilters({ filters, change }: { filters: Filters; change: (next: Filters) => void }) {
  const lifecycles = useResource("/api/lifecycles");
  const audiences = useResource("/api/audiences", { params: { limit: 200 } });
  const stages = lifecycles.data?.items.find((lifecycle) => lifecycle.active)?.stages ?? [];
  return (
    <search className={styles.filters} aria-label="Customers">
      <SearchBox value={filters.q ?? ""} change={(q) => change({ ...filters, q: q || undefined })} />
      <Select
        aria-label="Stage"
        placeholder="Any stage"
        clearable
        clearButtonProps={{ "aria-label": "Any stage" }}
        data={[
          ...stages.map((stage) => ({ value: stage.slug, label: stage.name })),
          { value: "unknown", label: "Unknown" },
        ]}
        value={filters.stage ?? null}
        onChange={(stage) => change({ ...filters, stage: stage ?? undefined })}
      />
      <Select
        aria-label="Audience"
        placeholder="Any audience"
        clearable
        clearButtonProps={{ "aria-label": "Any audience" }}
        searchable
        nothingFoundMessage="No such audience"
        data={(audiences.data?.items ?? []).map((audience) => ({
          value: audience.slug,
          label: audience.name,
        }))}
        value={filters.audience ?? null}
        onChange={(audience) => change({ ...filters, audience: audience ?? undefined })}
      />
    </search>
  );
}

function SearchBox({ value, change }: { value: string; change: (value: string) => void }) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const send = useDebouncedCallback((next: string) => {
    sent.current = next;
    change(next);
  }, pause_ms);
  // The address can change under us (back, "show everyone"); what we sent ourselves must not undo typing since.
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  return (
    <TextInput
      type="search"
      aria-label="Search customers"
      placeholder="Name, e-mail or any identifier"
      leftSection={<IconSearch size={16} stroke={1.7} aria-hidden />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        send(event.currentTarget.value);
      }}
    />
  );
}

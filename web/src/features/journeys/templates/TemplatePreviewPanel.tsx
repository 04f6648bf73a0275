import { Alert, Card, Group, List, SegmentedControl, Select, Text, Title } from "@mantine/core";
import { useDebouncedValue, useElementSize } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem, type Problem, post, type TemplatePreview, useResource } from "@/api";
import { ProblemNotice, Waiting } from "@/design";
import type { Draft } from "./draft";
import styles from "./templates.module.css";

type Look = "desktop" | "mobile" | "text";

const pause_ms = 500;
const desktop_px = 720;
const mobile_px = 375;
const frame_px = 640;

/** The e-mail as it would reach a customer, drawn by the API from what is in the fields now. */
export function TemplatePreviewPanel({ draft }: { draft: Draft }) {
  const [look, setLook] = useState<Look>("desktop");
  const [customer, setCustomer] = useState<string | null>(null);
  const { subject, body, text } = draft;
  const [asked] = useDebouncedValue(JSON.stringify({ subject, body, text, customer_id: customer }), pause_ms);
  const preview = useQuery<TemplatePreview, Error>({
    queryKey: ["template preview", asked],
    queryFn: () => post("/api/templates/preview", JSON.parse(asked)),
    enabled: body.trim() !== "",
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
  });
  return (
    <Card component="section" aria-label="Preview" padding="md" className={styles.preview}>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h3">
          Preview
        </Title>
        <SegmentedControl
          size="xs"
          aria-label="Shown as"
          value={look}
          onChange={(next) => setLook(next as Look)}
          data={[
            { value: "desktop", label: "Desktop" },
            { value: "mobile", label: "Mobile" },
            { value: "text", label: "Text" },
          ]}
        />
      </Group>
      <AsCustomer chosen={customer} choose={setCustomer} />
      {preview.error ? <NotDrawn problem={asProblem(preview.error)} /> : null}
      {preview.data ? (
        <Drawn preview={preview.data} look={look} stale={preview.error !== null || preview.isFetching} />
      ) : preview.error ? null : (
        <Waiting lines={6} />
      )}
    </Card>
  );
}

function NotDrawn({ problem }: { problem: Problem }) {
  if (problem.errors.length === 0) return <ProblemNotice problem={problem} />;
  return (
    <Alert color="red" variant="light" mb="sm" title="Cannot be drawn yet" role="alert">
      <List size="sm">
        {problem.errors.map((error) => (
          <List.Item key={error.pointer + error.detail}>
            {FIELDS[error.pointer.replace(/^[#/]+/, "")] ?? "Template"}: {error.detail}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

const FIELDS: Record<string, string> = { subject: "Subject", body: "Body", text: "Text part" };

function Drawn({ preview, look, stale }: { preview: TemplatePreview; look: Look; stale: boolean }) {
  return (
    <div aria-busy={stale} style={{ opacity: stale ? 0.6 : 1 }}>
      <Text size="sm" mb="xs" style={{ overflowWrap: "anywhere" }}>
        <Text component="span" c="dimmed">
          Subject:{" "}
        </Text>
        <strong>{preview.subject || "(empty)"}</strong>
      </Text>
      {preview.warnings.length > 0 ? (
        <Alert color="yellow" variant="light" mb="sm" title="Worth a look before sending" role="status">
          <List size="sm">
            {preview.warnings.map((warning) => (
              <List.Item key={warning}>{warning}</List.Item>
            ))}
          </List>
        </Alert>
      ) : null}
      {look === "text" ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and without a stop the keyboard could not.
        <pre className={styles.text} tabIndex={0}>
          {preview.text}
        </pre>
      ) : (
        <Screen html={preview.html} width={look === "desktop" ? desktop_px : mobile_px} />
      )}
    </div>
  );
}

/** The frame is as wide as the screen it stands for, and drawn smaller where this page has less room. */
function Screen({ html, width }: { html: string; width: number }) {
  const { ref, width: room } = useElementSize();
  const scale = room > 0 ? Math.min(1, room / width) : 1;
  return (
    <div ref={ref} className={styles.room} style={{ height: frame_px * scale }}>
      {/* No scripts, no forms, no origin of its own: the body is whatever was typed. */}
      <iframe
        title="The e-mail"
        sandbox=""
        srcDoc={html}
        className={styles.frame}
        style={{
          width,
          height: frame_px,
          transform: `scale(${scale})`,
          marginInline: room > width ? "auto" : 0,
        }}
      />
    </div>
  );
}

function AsCustomer({ chosen, choose }: { chosen: string | null; choose: (id: string | null) => void }) {
  const [search, setSearch] = useState("");
  const [asked] = useDebouncedValue(search, 250);
  const found = useResource("/api/customers", { params: { q: asked, limit: 20 } });
  return (
    <Select
      size="xs"
      mb="sm"
      label="As seen by"
      placeholder="A made-up customer"
      searchable
      clearable
      clearButtonProps={{ "aria-label": "A made-up customer" }}
      searchValue={search}
      onSearchChange={setSearch}
      // The API has searched already; what it found is shown as it is.
      filter={({ options }) => options}
      nothingFoundMessage="No customer fits"
      data={(found.data?.items ?? []).map((row) => ({
        value: row.id,
        label: [row.name, row.email].filter(Boolean).join(", ") || `Visitor ${row.id.slice(-6)}`,
      }))}
      value={chosen}
      onChange={choose}
    />
  );
}

import {
  Button,
  FileButton,
  Group,
  Modal,
  NativeSelect,
  Progress,
  Stack,
  Text,
  Textarea,
} from "@mantine/core";
import { useMemo, useState } from "react";
import type { StaticList } from "@/api";
import { ProblemNotice } from "@/design";
import { count, plural } from "@/lib/format";
import { Imported } from "./Imported";
import { guess, KINDS, type Kind, peopleOf, readTable } from "./people";
import { useListChange } from "./useListChange";

const shown = 3;

/** Puts many on a list, or takes them off it: from a file, or as pasted. What is in it is seen before it is sent. */
export function ImportDialog({ list, close }: { list: StaticList; close: () => void }) {
  const [text, setText] = useState("");
  const [unreadable, setUnreadable] = useState<string | null>(null);
  const [choice, setChoice] = useState<{ column?: number; kind?: Kind }>({});
  const [verb, setVerb] = useState<"add" | "remove">("add");
  const [done, setDone] = useState(0);
  const table = useMemo(() => readTable(text), [text]);
  const { column, kind } = { ...guess(table), ...choice };
  const people = useMemo(() => peopleOf(table, column, kind), [table, column, kind]);
  const change = useListChange(list.slug, setDone);
  const width = Math.max(0, ...table.rows.slice(0, 50).map((row) => row.length));
  const take = (next: string) => {
    setText(next);
    setUnreadable(null);
    setChoice({});
  };
  const read = (file: File | null) =>
    file?.text().then(take, () => setUnreadable(`${file.name} could not be read.`));
  return (
    <Modal opened onClose={close} title={`Import to “${list.name}”`} size="lg">
      {change.data ? (
        <Imported change={change.data} close={close} />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (people.length > 0) change.mutate({ [verb]: people });
          }}
        >
          <Stack gap="sm">
            <Group gap="xs">
              <FileButton onChange={read} accept=".csv,.tsv,.txt,text/csv,text/plain">
                {(props) => (
                  <Button variant="default" size="xs" {...props}>
                    Choose a file
                  </Button>
                )}
              </FileButton>
              <Text size="sm" c="dimmed">
                CSV with any separator, or paste one customer a line:
              </Text>
            </Group>
            <Textarea
              aria-label="Customers, one a line"
              rows={6}
              spellCheck={false}
              placeholder={"ana@example.com\nbo@example.com"}
              value={text}
              error={unreadable}
              onChange={(event) => take(event.currentTarget.value)}
            />
            <Group gap="sm" grow>
              {width > 1 ? (
                <NativeSelect
                  size="xs"
                  label="Column"
                  value={String(column)}
                  data={Array.from({ length: width }, (_, at) => ({
                    value: String(at),
                    label: table.head?.[at] || `Column ${at + 1}: ${table.rows[0]?.[at] ?? ""}`,
                  }))}
                  onChange={(event) => setChoice({ ...choice, column: Number(event.currentTarget.value) })}
                />
              ) : null}
              <NativeSelect
                size="xs"
                label="It holds"
                value={kind}
                data={KINDS}
                onChange={(event) => setChoice({ ...choice, kind: event.currentTarget.value as Kind })}
              />
              <NativeSelect
                size="xs"
                label="And they are"
                value={verb}
                data={[
                  { value: "add", label: "put on the list" },
                  { value: "remove", label: "taken off the list" },
                ]}
                onChange={(event) => setVerb(event.currentTarget.value as "add" | "remove")}
              />
            </Group>
            <Text size="sm" role="status" style={{ overflowWrap: "anywhere" }}>
              {people.length === 0
                ? "Nobody is named yet."
                : `${plural(people.length, "customer")}: ${people
                    .slice(0, shown)
                    .map((person) => person[kind])
                    .join(", ")}${people.length > shown ? " …" : ""}`}
            </Text>
            {change.isPending ? (
              <Progress value={(100 * done) / people.length} aria-label={`${count(done)} sent`} />
            ) : null}
            {change.error ? <ProblemNotice problem={change.error} /> : null}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" loading={change.isPending} disabled={people.length === 0}>
                {verb === "add" ? "Put them on the list" : "Take them off the list"}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

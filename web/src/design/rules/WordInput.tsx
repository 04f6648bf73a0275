import { Autocomplete, type AutocompleteProps, type OptionsFilter, TagsInput } from "@mantine/core";
import { useState } from "react";
import type { Question, Word } from "@/lib/suggestions";
import styles from "./rules.module.css";
import { useSuggested } from "./suggest";
import { textOf } from "./words";

const everything: OptionsFilter = ({ options }) => options;

interface Common {
  label: string;
  placeholder?: string | undefined;
  /** What is asked for suggestions while the field is in use; null where there is nothing to ask. */
  question?: Question | null;
  /** What is known without asking. */
  known?: Word[];
  width?: number;
}

function options(words: Word[]) {
  const notes = new Map(words.filter(({ word }) => word !== "").map(({ word, note }) => [word, note]));
  return { data: [...notes.keys()], notes };
}

/** A word that may be any, with suggestions. All of them are offered until something is typed. */
export function WordInput({
  label,
  placeholder,
  question = null,
  known = [],
  width = 150,
  value,
  change,
  focus = false,
}: Common & { value: unknown; change: (value: string) => void; focus?: boolean }) {
  const [asking, setAsking] = useState(false);
  const [typing, setTyping] = useState(false);
  const text = textOf(value);
  const { data, notes } = options(useSuggested(question, typing ? text : "", asking, known));
  const renderOption: AutocompleteProps["renderOption"] = ({ option }) => (
    <span style={{ minWidth: 0 }}>
      <span style={{ overflowWrap: "anywhere" }}>{option.value}</span>
      {notes.get(option.value) ? <small className={styles.aside}>{notes.get(option.value)}</small> : null}
    </span>
  );
  return (
    <Autocomplete
      size="xs"
      w={width}
      maw="100%"
      aria-label={label}
      placeholder={placeholder}
      data={data}
      {...(typing ? {} : { filter: everything })}
      limit={50}
      renderOption={renderOption}
      comboboxProps={{
        width: "max-content",
        position: "bottom-start",
        middlewares: { shift: true, flip: true },
      }}
      value={text}
      onFocus={() => {
        setAsking(true);
        setTyping(false);
      }}
      onChange={(next) => {
        setTyping(true);
        change(next);
      }}
      openOnFocus={!focus}
      autoFocus={focus}
    />
  );
}

/** Several such words. */
export function WordsInput({
  label,
  placeholder = "type, then Enter",
  question = null,
  known = [],
  width = 200,
  value,
  change,
}: Common & { value: unknown; change: (value: string[]) => void }) {
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  const { data } = options(useSuggested(question, typed, asking, known));
  return (
    <TagsInput
      size="xs"
      miw={Math.min(width, 160)}
      maw="100%"
      style={{ flex: `1 1 ${width}px` }}
      aria-label={label}
      placeholder={placeholder}
      data={data}
      limit={50}
      value={Array.isArray(value) ? value.map(textOf) : []}
      onChange={change}
      onFocus={() => setAsking(true)}
      searchValue={typed}
      onSearchChange={setTyped}
    />
  );
}

/** What is asked for suggestions: the properties of an event, the values of one, or those of a trait. */
export type Question =
  | { kind: "properties"; event: string }
  | { kind: "values"; event: string; property: string }
  | { kind: "values"; trait: string };

/** A word, and what is said beside it: how often it happens, what it holds. */
export interface Word {
  word: string;
  note?: string | undefined;
}

/** Answers with what is known, or not at all: a field without suggestions is a plain field. */
export type Suggest = (question: Question, typed: string) => Promise<Word[]>;

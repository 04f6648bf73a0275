export { DurationInput } from "./DurationInput";
export { RuleBuilder } from "./RuleBuilder";
export { type Fault, isComplete, isNode, type Node } from "./tree";
export { durationInWords } from "./words";

export { DurationInput } from "./DurationInput";
export { OperatorFields } from "./OperatorFields";
export { RuleBuilder } from "./RuleBuilder";
export { type Fault, isComplete, isNode, type Node, withoutLoneGroup } from "./tree";
export { durationInWords, operatorOf, PROPERTY_OPERATORS, textOf } from "./words";

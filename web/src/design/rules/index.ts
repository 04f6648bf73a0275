export { DurationInput } from "./DurationInput";
export { type Fault, withoutLoneGroup } from "./faults";
export { isComplete } from "./kinds";
export { OperatorFields } from "./OperatorFields";
export { RuleBuilder } from "./RuleBuilder";
export { durationInWords, fromField, toField } from "./spans";
export { isNode, type Node } from "./tree";
export { operatorOf, PROPERTY_OPERATORS, textOf } from "./words";

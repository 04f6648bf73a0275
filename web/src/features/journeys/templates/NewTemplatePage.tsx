import { TemplateEditor } from "./TemplateEditor";

export default function NewTemplatePage() {
  return <TemplateEditor template={null} />;
}

import "./app";
import { documentStyles } from "./styles";

/** TensorBoard imports this module into the plugin's iframe and calls this. */
// eslint-disable-next-line @typescript-eslint/require-await -- TensorBoard's contract is a promise
export async function render(): Promise<void> {
  document.documentElement.lang = "en";
  document.title = "Mode Trace";
  if (documentStyles.styleSheet)
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, documentStyles.styleSheet];
  document.body.append(document.createElement("mt-app"));
}

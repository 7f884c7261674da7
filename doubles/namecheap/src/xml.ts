/** As an attribute or a text of XML. */
function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot" };
  return text.replace(/[&<>"]/g, (char) => `&${names[char]};`);
}

/** Attributes as they stand in an element, in this order. */
export function attributes(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");
}

/** The envelope of every answer, the names and their case as the fixtures of Namecheap's own SDK have them. */
export function envelope(command: string, inner: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<ApiResponse Status="OK" xmlns="http://api.namecheap.com/xml.response">
  <Errors />
  <Warnings />
  <RequestedCommand>${command.toLowerCase()}</RequestedCommand>
  <CommandResponse Type="${command}">
${inner}
  </CommandResponse>
  <Server>DOUBLE</Server>
  <GMTTimeDifference>--5:00</GMTTimeDifference>
  <ExecutionTime>0.01</ExecutionTime>
</ApiResponse>
`;
}

/** A refusal: HTTP 200 with a status of its own. */
export function refusal(command: string, number: number, message: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<ApiResponse Status="ERROR" xmlns="http://api.namecheap.com/xml.response">
  <Errors>
    <Error Number="${number}">${escapeXml(message)}</Error>
  </Errors>
  <Warnings />
  <RequestedCommand>${escapeXml(command.toLowerCase())}</RequestedCommand>
  <Server>DOUBLE</Server>
  <GMTTimeDifference>--5:00</GMTTimeDifference>
  <ExecutionTime>0.01</ExecutionTime>
</ApiResponse>
`;
}

/** What a command refuses with. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly number: number;
  constructor(number: number, message: string) {
    super(message);
    this.number = number;
  }
}

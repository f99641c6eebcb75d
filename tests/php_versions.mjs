// Read bodies as a version of PHP reads them, and encode them again: one JSON line in, one out.
import { createInterface } from "node:readline";
import { PHP } from "@php-wasm/universal";
import { loadNodeRuntime } from "@php-wasm/node";

const code = `<?php
$said = array();
foreach (json_decode(file_get_contents('/bodies.json')) as $body) {
    parse_str(base64_decode($body), $read);
    if (get_magic_quotes_gpc_runtime()) { $read = unquote($read); }
    $said[] = base64_encode(http_build_query($read, '', '&'));
}
function get_magic_quotes_gpc_runtime() {
    return version_compare(PHP_VERSION, '5.4', '<') && get_magic_quotes_gpc();
}
function unquote($value) {
    return is_array($value) ? array_map('unquote', $value) : stripslashes($value);
}
echo json_encode(array(PHP_VERSION, $said));`;

const options = { emscriptenOptions: { processId: process.pid } };
const php = new PHP(await loadNodeRuntime(process.argv[2], options));
for await (const line of createInterface({ input: process.stdin })) {
  php.writeFile("/bodies.json", line);
  const { text } = await php.run({ code });
  await new Promise((written) => process.stdout.write(`${text}\n`, written));
}
process.exit(0);
